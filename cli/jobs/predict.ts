import { adapterName } from '../../src/gpu/device';
import { recordNetwork } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { Storage } from '../../src/tape/storage';
import { itemLabels } from '../../src/train/batches';
import { Evaluator, testViews, type TestTimeAveraging } from '../../src/train/evaluator';
import { loadNetwork, readWeights } from '../../src/train/weights_file';
import { unpackImageSet, type ImageSetHeader } from './image_sets';
import type { Task } from './job';

export interface PredictJobConfig {
  data: ImageSetHeader;
  /** The weights file's name, for messages. */
  weights: string;
  averaging: TestTimeAveraging;
  batch: number;
  /** Whether the embeddings are wanted, in place of probabilities. */
  embeddings?: boolean;
}

/**
 * Emits the adapter; gives the class probabilities of every item as the file `probabilities`: f64, items x
 * classes; or their embeddings as the file `embeddings`: f32, items x features.
 */
export async function predict(task: Task<PredictJobConfig>): Promise<void> {
  const { config, inputs, emit } = task;
  const weights = readWeights(inputs.weights, config.weights);
  const data = unpackImageSet('data', config.data, inputs);
  const gpu = await task.gpu((capabilities) => {
    const network = createNetwork(weights.config, task.systems);
    const samples = Math.min(config.batch, itemLabels(data).length);
    return [recordNetwork(network, capabilities, { samples })];
  });
  emit({ type: 'start', adapter: adapterName(gpu.adapter) });
  const storage = new Storage(gpu);
  try {
    const model = loadNetwork(weights, storage, task.systems);
    const evaluator = await Evaluator.create(model, storage, data, {
      batch: config.batch,
      onProgress: (ready, total) => emit({ type: 'compile', ready, total }),
    });
    try {
      const progress = (done: number, total: number) => emit({ type: 'progress', done, total });
      if (config.embeddings) {
        const rows = await evaluator.embeddings(progress);
        return await task.file('embeddings', new Uint8Array(rows.buffer));
      }
      const views = testViews(config.averaging);
      const probabilities = await evaluator.probabilities(views, progress);
      await task.file('probabilities', new Uint8Array(probabilities.buffer));
    } finally {
      evaluator.dispose();
    }
  } finally {
    storage.dispose();
  }
}
