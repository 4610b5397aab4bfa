import { augmentForward, type AugmentationConfig } from '../kernels/augment';
import type { Tape } from '../tape/tape';
import type { Value } from '../tape/value';

export type { AugmentationConfig } from '../kernels/augment';

/** What training draws by default: geometry alone, as the paper's preprocessing evens out the light. */
export const AUGMENTATION: AugmentationConfig = {
  mirror: 0.5,
  shift: 0.12,
  rotation: 10,
  scale: [0.9, 1.1],
  brightness: 0,
  contrast: 0,
  erase: 0,
  eraseArea: [0.02, 0.2],
  eraseGrey: 'random',
};

/** Nothing is changed. */
export const NO_AUGMENTATION: AugmentationConfig = {
  ...AUGMENTATION,
  mirror: 0,
  shift: 0,
  rotation: 0,
  scale: [1, 1],
};

export interface AugmentOptions {
  /** Size of the images as they are stored. */
  source: { width: number; height: number };
  /** Side of the square that comes out. */
  size: number;
  /** Frames of each sample. */
  views: number;
  /** Every frame has an index of its own ([views * batch]), and a sample's frames move alike. */
  sequence: boolean;
  /** Draw from the step's random numbers; otherwise the step's mirror and shift are the view. */
  random: boolean;
  /** Number of the stream of random numbers. */
  stream?: number;
}

/**
 * Gathers, augments and resizes: packed bytes and indices [batch] to f32 [views * batch, size, size] of
 * whole numbers 0 to 255. Absent samples (index 0xffffffff) are blank.
 */
export function augment(
  tape: Tape,
  inputs: Record<'images' | 'indices' | 'step', Value>,
  config: AugmentationConfig,
  { source, size, views, sequence, random, stream = 0 }: AugmentOptions,
): Value {
  return tape.dispatch(augmentForward, inputs, {
    source,
    width: size,
    height: size,
    views,
    sequence,
    random: random ? { ...config, stream } : undefined,
  }).y;
}
