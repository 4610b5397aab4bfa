import type { Place } from '../../bench/jobs/job';
import { LIBRARIES } from '../../bench/jobs/libraries';
import { measurePeak } from '../../bench/peak/peak';
import { PROBLEMS } from '../../bench/versus/problems';
import { versus } from '../../bench/versus/versus';
import { FacegradError } from '../../src/gpu/errors';
import { openGpu as open } from '../shared/open_gpu';
import { loader } from './loader';
import type { BenchMessage, BenchRequest } from './messages';
import { titleOf } from './share';

const post = (message: BenchMessage) => self.postMessage(message);
const openGpu = () => open(1);

self.onmessage = ({ data }: MessageEvent<BenchRequest>) => {
  run(data).catch((error: Error) => {
    const noGpu = error instanceof FacegradError && error.kind === 'unsupported';
    post({ type: 'failed', message: error.message, noGpu });
  });
};

async function run({ problems, libraries }: BenchRequest): Promise<void> {
  const place: Place = { requestGpu: openGpu, loader, onProgress: () => undefined };
  const [ours, ...names] = libraries;
  const others = names.map((name) => LIBRARIES[name](place));
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
    const say = (text: string) => post({ type: 'progress', text, done: i + 1, total });
    say(name);
    // A device each, so that every first run compiles.
    const subject = LIBRARIES[ours](place);
    const problem = PROBLEMS.find((entry) => entry.name === name)!.make();
    const measured = await versus(problem, [subject, ...others], {
      rounds: 9,
      leastRounds: 3,
      budgetMs: 4000,
      onTurn(library) {
        if (library && others.length > 0) say(`${name}: ${titleOf(library)}`);
      },
    });
    subject.dispose?.();
    for (const measurement of measured) post({ type: 'measurement', measurement });
  }
  post({ type: 'done' });
}
