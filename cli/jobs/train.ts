import { FacegradError } from '../../src/gpu/errors';
import { recordTraining } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import type { TrainConfig } from '../../src/train/config';
import { readWeights, type Provenance } from '../../src/train/weights_file';
import { Trainer } from '../../src/train/trainer';
import { tensorsFor } from '../../src/train/transfer';
import { unpackImageSet, type ImageSetHeader } from './image_sets';
import type { Task } from './job';
import { CHECKPOINT, INIT, WEIGHTS } from './names';

export interface TrainJobConfig {
  training: ImageSetHeader;
  validation?: ImageSetHeader;
  train: TrainConfig;
  /** Stored in the weights file. */
  provenance: Provenance;
  /** Weights as float16. */
  half: boolean;
}

/**
 * Trains. Inputs: the sets' bytes, and a checkpoint to go on from or weights to begin with under their file names. Gives a
 * checkpoint whenever the trainer says so and when stopped, and the weights at the end.
 */
export async function train(task: Task<TrainJobConfig>): Promise<void> {
  const { config, inputs, stop, emit } = task;
  const data = {
    training: unpackImageSet('training', config.training, inputs),
    validation: config.validation && unpackImageSet('validation', config.validation, inputs),
  };
  const { model, batch: samples, tuning, requiresGrad } = config.train;
  const gpu = await task.gpu((capabilities) => {
    const network = createNetwork(model, task.systems, requiresGrad);
    return recordTraining(network, capabilities, { samples, tuning });
  });
  const trainer = await Trainer.create(gpu, config.train, data, {
    checkpoint: inputs[CHECKPOINT],
    weights:
      inputs[INIT] && tensorsFor(readWeights(inputs[INIT], INIT), model.classes, task.systems),
    systems: task.systems,
    onProgress: (ready, total) => emit({ type: 'compile', ready, total }),
  });
  const halt = () => trainer.stop();
  stop.addEventListener('abort', halt);
  if (stop.aborted) halt();
  const type = config.half ? 'F16' : 'F32';
  const giveWeights = async () =>
    task.file(WEIGHTS, await trainer.weights(config.provenance, type));
  try {
    for await (const event of trainer.run()) {
      const stopped = event.type === 'done' && event.reason === 'stopped';
      if (event.type === 'checkpoint' || stopped) {
        await task.file(CHECKPOINT, await trainer.checkpoint());
      }
      if (event.type === 'done') await giveWeights();
      emit({ ...event });
    }
  } catch (error) {
    // The best epoch's weights are as good as they were.
    const diverged = error instanceof FacegradError && error.kind === 'not-finite';
    if (diverged && trainer.epochs.length > 0) await giveWeights();
    throw error;
  } finally {
    stop.removeEventListener('abort', halt);
    trainer.dispose();
  }
}
