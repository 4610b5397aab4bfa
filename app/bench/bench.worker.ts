import { measurePeak } from '../../bench/peak/peak';
import { PROBLEMS } from '../../bench/versus/problems';
import { facegrad } from '../../bench/versus/facegrad';
import { versus } from '../../bench/versus/versus';
import { FacegradError } from '../../src/gpu/errors';
import { openGpu as open } from '../shared/open_gpu';
import type { BenchMessage, BenchRequest } from './messages';

const post = (message: BenchMessage) => self.postMessage(message);
const openGpu = () => open(1);

self.onmessage = ({ data }: MessageEvent<BenchRequest>) => {
  run(data).catch((error: Error) => {
    const noGpu = error instanceof FacegradError && error.kind === 'unsupported';
    post({ type: 'failed', message: error.message, noGpu });
  });
};

async function run({ problems }: BenchRequest): Promise<void> {
  const total = problems.length + 1;
  post({ type: 'progress', text: 'Measuring the peak of this GPU', done: 0, total });
  const gpu = await openGpu();
  const peak = await measurePeak(gpu);
  const { adapter, capabilities } = gpu;
  const { subgroupMinSize, subgroupMaxSize, features } = capabilities;
  const subgroups: [number, number] = [subgroupMinSize, subgroupMaxSize];
  post({ type: 'facts', adapter, subgroups, features: [...features], peak });
  gpu.dispose();
  for (const [i, name] of problems.entries()) {
    post({ type: 'progress', text: name, done: i + 1, total });
    // A device each, so that every first run compiles.
    const subject = facegrad(openGpu, 'fast');
    const problem = PROBLEMS.find((entry) => entry.name === name)!.make();
    const options = { rounds: 9, leastRounds: 3, budgetMs: 4000 };
    const [measurement] = await versus(problem, [subject], options);
    subject.dispose?.();
    post({ type: 'measurement', measurement });
  }
  post({ type: 'done' });
}
