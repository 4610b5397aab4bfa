import type { Gpu } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import type { TrainConfig } from './config';
import type { TrainEvent } from './events';
import { Trainer, type CreateOptions, type TrainingData } from './trainer';

/** A device that is lost so often without a new checkpoint is not coming back. */
const MOST_LOSSES = 3;
/** Milliseconds that a device's loss may take to be told after the errors that it makes. */
const TOLD_MS = 500;

export interface Recovery {
  /** The last checkpoint, from which an attempt goes on. */
  checkpoint(): Uint8Array | undefined;
  /** Whether nobody wants it to go on any more. */
  stopped?(): boolean;
  /** Before the next attempt; may wait for a GPU, and what it throws ends the run. */
  onLost?(error: FacegradError): void | Promise<void>;
}

/**
 * What attempts at one run tell, until one comes to its end: a lost device ends an attempt, and the next one goes on from
 * the last checkpoint. Throws what is not a lost device, and a device that is lost again and again.
 */
export async function* recovering<E>(
  attempt: () => AsyncIterable<E>,
  { checkpoint, stopped, onLost }: Recovery,
): AsyncGenerator<E> {
  for (let losses = 0; ;) {
    const before = checkpoint();
    try {
      yield* attempt();
      return;
    } catch (error) {
      if (checkpoint() !== before) losses = 0;
      const lost = error instanceof FacegradError && error.kind === 'device-lost';
      if (!lost || stopped?.() || ++losses > MOST_LOSSES) throw error;
      await onLost?.(error);
      if (stopped?.()) return;
    }
  }
}

/** A lost device shows as many errors; the loss itself, where there is one, is the reason of all. */
export async function reasonOf(error: unknown, gpu?: Gpu): Promise<unknown> {
  const known = error instanceof FacegradError && error.kind === 'device-lost';
  if (known || !gpu) return error;
  const moment = new Promise<undefined>((resolve) => setTimeout(resolve, TOLD_MS));
  return (await Promise.race([gpu.lost, moment])) ?? error;
}

export interface RecoveryOptions extends CreateOptions {
  onLost?(error: FacegradError): void | Promise<void>;
}

/**
 * Trains to the end although devices may be lost on the way. Each event comes with the trainer that tells it, for its weights;
 * trainers and devices are disposed of here.
 * @param openGpu called for the first device and for each next one
 */
export async function* trainRecovering(
  openGpu: () => Promise<Gpu>,
  config: TrainConfig,
  data: TrainingData,
  { onLost, ...options }: RecoveryOptions = {},
): AsyncGenerator<{ event: TrainEvent; trainer: Trainer }> {
  let { checkpoint } = options;
  async function* attempt() {
    const gpu = await openGpu();
    let trainer: Trainer | undefined;
    try {
      trainer = await Trainer.create(gpu, config, data, { ...options, checkpoint });
      for await (const event of trainer.run()) {
        if (event.type === 'checkpoint') checkpoint = await trainer.checkpoint();
        yield { event, trainer };
      }
    } catch (error) {
      throw await reasonOf(error, gpu);
    } finally {
      trainer?.dispose();
      gpu.dispose();
    }
  }
  yield* recovering(attempt, { checkpoint: () => checkpoint, onLost });
}
