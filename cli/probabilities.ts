import { basename } from 'node:path';
import type { ImageSet, SequenceSet } from '../src/data/dataset';
import { FacegradError } from '../src/gpu/errors';
import type { AnySystem } from '../src/nn/systems';
import type { TestTimeAveraging } from '../src/train/evaluator';
import { packImageSet } from './jobs/image_sets';
import type { PredictJobConfig } from './jobs/predict';
import { openWeights } from './model';
import { Progress } from './progress';
import { openRuntime } from './runtime/open';
import type { RuntimeName } from './runtime/runtime';

export interface ProbabilitiesOptions {
  /** A file's path. */
  weights: string;
  /** As `--config` has it. */
  config?: string;
  data: ImageSet | SequenceSet;
  systems: readonly AnySystem[];
  runtime: RuntimeName;
  averaging: TestTimeAveraging;
  batch: number;
}

/** The class probabilities that weights give each item, items x classes, and the adapter that computed them. */
export async function probabilitiesOf(
  options: ProbabilitiesOptions,
): Promise<{ probabilities: Float64Array; adapter: string }> {
  const { bytes, adapter } = await look(options, false);
  return { probabilities: new Float64Array(bytes.slice().buffer), adapter };
}

/** What the network tells the classes of each item from, items x features. */
export async function embeddingsOf(
  options: Omit<ProbabilitiesOptions, 'averaging'>,
): Promise<Float32Array> {
  const { bytes } = await look({ ...options, averaging: 'none' }, true);
  return new Float32Array(bytes.slice().buffer);
}

async function look(
  options: ProbabilitiesOptions,
  embeddings: boolean,
): Promise<{ bytes: Uint8Array; adapter: string }> {
  const { averaging, batch } = options;
  const weights = await openWeights(options.weights, options.config, options.systems);
  const { header, blobs } = packImageSet('data', options.data);
  const config: PredictJobConfig = {
    data: header,
    weights: basename(options.weights),
    averaging,
    batch,
    embeddings,
  };
  const job = { kind: 'predict', config, inputs: { ...blobs, weights } };
  const progress = new Progress();
  const log = (line: string) => progress.line(line);
  const runtime = await openRuntime(options.runtime, options.systems, log);
  let bytes: Uint8Array | undefined;
  let adapter = '';
  try {
    for await (const event of runtime.run(job) as AsyncIterable<Record<string, unknown>>) {
      const { ready, total, done } = event as Record<string, number>;
      if (event.type === 'compile') progress.update(ready, total, 'kernels');
      if (event.type === 'progress') progress.update(done, total, `${done} of ${total}`);
      if (event.type === 'start') adapter = String(event.adapter);
      if (event.type === 'file') bytes = event.bytes as Uint8Array;
    }
  } finally {
    progress.stop();
    await runtime.close();
  }
  if (!bytes) throw new FacegradError('internal', 'the job returned nothing');
  return { bytes, adapter };
}
