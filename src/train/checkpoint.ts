import { FacegradError } from '../gpu/errors';
import { f32, storageSize } from '../kernels/kernel';
import type { NamedTensor } from '../nn/parameters';
import type { Storage } from '../tape/storage';
import type { Value } from '../tape/value';
import { upgradeConfig } from '../nn/systems';
import type { TrainConfig } from './config';
import type { Metrics } from './metrics';
import { readSafetensors, writeSafetensors } from './safetensors';
import { parseFact } from './weights_file';

/** What a finished epoch left behind; the learning curve is a list of these. */
export interface EpochRecord {
  epoch: number;
  loss: number;
  accuracy: number;
  seconds: number;
  validation?: Metrics;
}

/** The first of the epochs with the highest validation accuracy (accuracy in training, without a validation). */
export function bestEpoch(epochs: readonly EpochRecord[]): EpochRecord | undefined {
  const score = (record: EpochRecord) => record.validation?.accuracy ?? record.accuracy;
  return epochs.reduce<EpochRecord | undefined>(
    (best, record) => (best && score(best) >= score(record) ? best : record),
    undefined,
  );
}

/** Where a run stands, beside its tensors. */
export interface Progress {
  config: TrainConfig;
  step: number;
  epochs: EpochRecord[];
  /** The epoch whose weights are kept. */
  best: { epoch: number; accuracy: number };
  adapter: string;
  /** Fingerprints of the sets; a checkpoint from before they were kept has none. */
  data?: { training: string; validation?: string };
}

/** The state of a run as one file: every tensor that the step updates, bit for bit, and the progress. */
export async function writeCheckpoint(
  storage: Storage,
  values: Record<string, Value>,
  best: NamedTensor[],
  progress: Progress,
): Promise<Uint8Array> {
  const tensors: NamedTensor[] = [];
  for (const [name, value] of Object.entries(values)) {
    const words = await storage.read(value);
    const data = new Float32Array(words.buffer, words.byteOffset, words.length); // u32 as bits
    tensors.push({ name: `state.${name}`, shape: [data.length], data });
  }
  for (const tensor of best) tensors.push({ ...tensor, name: `best.${tensor.name}` });
  return writeSafetensors(tensors, {
    format: 'facegrad-checkpoint',
    progress: JSON.stringify(progress),
  });
}

export interface Checkpoint {
  progress: Progress;
  state: Map<string, Float32Array>;
  best: NamedTensor[];
}

/** What checkpoints from before there were these settings were of. */
const AS_BEFORE = { keep: 'best', averageDecay: 0.998 } as const;

/** @throws FacegradError `bad-input` naming the file and what is wrong */
export function readCheckpoint(file: Uint8Array, name = 'checkpoint'): Checkpoint {
  const { tensors, metadata } = readSafetensors(file, name);
  if (metadata.format !== 'facegrad-checkpoint') {
    throw new FacegradError('bad-input', `${name} is not a training checkpoint`, {
      available: metadata.format,
    });
  }
  const state = new Map<string, Float32Array>();
  const best: NamedTensor[] = [];
  for (const tensor of tensors.values()) {
    const [kind, ...rest] = tensor.name.split('.');
    if (kind === 'state') state.set(rest.join('.'), tensor.data);
    else best.push({ ...tensor, name: rest.join('.') });
  }
  const progress = parseFact(metadata.progress ?? '', name, 'progress') as Progress;
  const { config } = progress as Partial<Progress>;
  if (config?.model) {
    config.model = upgradeConfig(config.model);
    progress.config = { ...AS_BEFORE, ...config };
  }
  return { progress, state, best };
}

/** Settings that may change from one part of a run to the next: how long it is, and how often to look. */
const FREE = ['epochs', 'patience', 'logEvery', 'checkpointEvery', 'maxSubmitMs'];

/** Whether a run of one configuration can be gone on with by the other, bit for bit. */
export function sameRun(a: TrainConfig, b: TrainConfig): boolean {
  const decisive = (config: object) =>
    JSON.stringify(config, (key, value: unknown) => {
      if (FREE.includes(key)) return undefined;
      const plain = typeof value === 'object' && value !== null && !Array.isArray(value);
      return plain ? Object.fromEntries(Object.entries(value as object).sort()) : value;
    });
  return decisive(a) === decisive(b);
}

const notFinite = (number: number) => !Number.isFinite(number);

/** Puts a checkpoint's tensors back. Nothing is written unless all of them fit. */
export function restore(
  storage: Storage,
  values: Record<string, Value>,
  checkpoint: Checkpoint,
): void {
  for (const [name, value] of Object.entries(values)) {
    const length = checkpoint.state.get(name)?.length;
    if (length !== storageSize(f32(value.shape))) {
      throw new FacegradError('bad-input', `the checkpoint's ${name} does not fit this model`, {
        wanted: value.shape,
        available: length,
      });
    }
    const bad = value.spec.dtype === 'f32' ? checkpoint.state.get(name)!.findIndex(notFinite) : -1;
    if (bad >= 0) {
      throw new FacegradError(
        'bad-input',
        `the checkpoint's ${name} is not finite at element ${bad}`,
      );
    }
  }
  for (const [name, value] of Object.entries(values)) {
    storage.write(value, checkpoint.state.get(name)!);
  }
}
