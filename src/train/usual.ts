import type { Preset } from '../nn/systems/cnn_lstm';
import type { TrainChanges } from './config';

/** Kinds of data that differ in what suits them. */
export type DataKind =
  | 'fer2013'
  | 'ckplus'
  | 'images'
  | 'sequences'
  | 'synthetic'
  | 'synthetic-sequences'
  | 'synthetic-pairs';

/** The drawings vary by themselves and are balanced, so they need neither more geometry nor alpha. */
const DRAWINGS = {
  preset: 'tiny',
  batch: 16,
  logEvery: 10,
  optimizer: { name: 'adamw', learningRate: 2e-3, weightDecay: 1e-4 },
  loss: { gamma: 1, alpha: 'none', smoothing: 0 },
  model: { dropout: 0 },
  augmentation: { mirror: 0.5, shift: 0.02, rotation: 0, scale: [1, 1] },
} satisfies Usual;

/** Training settings, and those of the paper's network. */
export type Usual = { preset: Preset } & TrainChanges;

/** What is usual for a kind of data, before anything that a person asks for. */
export function usual(kind: DataKind): Usual {
  switch (kind) {
    case 'synthetic':
      return { ...DRAWINGS, epochs: 3 };
    case 'synthetic-sequences':
    case 'synthetic-pairs':
      return { ...DRAWINGS, epochs: 8 };
    case 'sequences':
    case 'ckplus':
      return { preset: 'small', epochs: 40, batch: 16, logEvery: 10 };
    case 'images':
    case 'fer2013':
      return { preset: 'small', epochs: 17, logEvery: 10 };
  }
}
