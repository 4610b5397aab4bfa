import { adapterName } from '../../src/gpu/device';
import { Storage } from '../../src/tape/storage';
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
}

/** Emits the adapter; gives the class probabilities of every item as the file `probabilities`: f64, items x classes. */
export async function predict(task: Task<PredictJobConfig>): Promise<void> {
  const { config, inputs, emit } = task;
  const weights = readWeights(inputs.weights, config.weights);
  const data = unpackImageSet('data', config.data, inputs);
  const gpu = await task.gpu();
  emit({ type: 'start', adapter: adapterName(gpu.adapter) });
  const storage = new Storage(gpu);
  try {
    const model = loadNetwork(weights, storage, task.systems);
    const evaluator = await Evaluator.create(model, storage, data, {
      batch: config.batch,
      onProgress: (ready, total) => emit({ type: 'compile', ready, total }),
    });
    try {
      const probabilities = await evaluator.probabilities(
        testViews(config.averaging),
        (done, total) => emit({ type: 'progress', done, total }),
      );
      await task.file('probabilities', new Uint8Array(probabilities.buffer));
    } finally {
      evaluator.dispose();
    }
  } finally {
    storage.dispose();
  }
}
