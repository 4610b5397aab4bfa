import { testViews } from '../../src/train/evaluator';
import { withEvaluator, type EvaluateJobConfig } from './evaluate';
import type { Task } from './job';

/** Class probabilities of every image, as the file `probabilities`: f64, images x classes. */
export async function predict(task: Task<EvaluateJobConfig>): Promise<void> {
  await withEvaluator(task, async (evaluator) => {
    const probabilities = await evaluator.probabilities(testViews(task.config.averaging));
    await task.file('probabilities', new Uint8Array(probabilities.buffer));
  });
}
