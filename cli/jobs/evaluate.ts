import { adapterName } from '../../src/gpu/device';
import type { ImageSet, SequenceSet } from '../../src/data/dataset';
import { Storage } from '../../src/tape/storage';
import { Evaluator, testViews, type TestTimeAveraging } from '../../src/train/evaluator';
import { loadNetwork, readWeights } from '../../src/train/weights_file';
import { unpackImageSet, type ImageSetHeader } from './image_sets';
import type { Task } from './job';

export interface EvaluateJobConfig {
  data: ImageSetHeader;
  /** The weights file's name, for messages. */
  weights: string;
  averaging: TestTimeAveraging;
  batch: number;
}

/** Measures weights on a set: emits the adapter, then the metrics. */
export async function evaluate(task: Task<EvaluateJobConfig>): Promise<void> {
  const { config, emit } = task;
  await withEvaluator(task, async (evaluator) => {
    const metrics = await evaluator.evaluate(testViews(config.averaging), (done, total) =>
      emit({ type: 'progress', done, total }),
    );
    emit({ type: 'metrics', ...metrics });
  });
}

/** Loads the weights and hands on a model that is ready to be run over the set. */
export async function withEvaluator(
  task: Task<EvaluateJobConfig>,
  use: (evaluator: Evaluator, data: ImageSet | SequenceSet) => Promise<void>,
): Promise<void> {
  const { config, inputs, emit } = task;
  const weights = readWeights(inputs.weights, config.weights);
  const data = unpackImageSet('data', config.data, inputs);
  const gpu = await task.gpu();
  emit({ type: 'start', adapter: adapterName(gpu.adapter) });
  const storage = new Storage(gpu);
  const model = loadNetwork(weights, storage, task.systems);
  const evaluator = await Evaluator.create(model, storage, data, {
    batch: config.batch,
    onProgress: (ready, total) => emit({ type: 'compile', ready, total }),
  });
  try {
    await use(evaluator, data);
  } finally {
    evaluator.dispose();
    storage.dispose();
  }
}
