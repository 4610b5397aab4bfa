import { syntheticFaces } from '../../src/data/synthetic';
import { createNetwork } from '../../src/nn/systems';
import { PRESETS, type Preset } from '../../src/nn/systems/cnn_lstm';
import { trainConfig } from '../../src/train/config';
import { recordStep } from '../../src/train/step';
import { benchCases } from '../kernels/cases';
import { measure } from '../versus/measure';
import { measurePeak } from '../peak/peak';
import { PROBLEMS } from '../versus/problems';
import type { Subject } from '../versus/subject';
import { versus } from '../versus/versus';
import type { Answer, Facts, Job, Place } from './job';
import { LIBRARIES } from './libraries';
import { profileStep } from './profile';
import { tune } from './tune';

/** Kept from problem to problem, as a page that uses a library would keep it. */
const subjects = new Map<string, Subject>();

export async function answer(job: Job, place: Place): Promise<Answer> {
  if (job.kind === 'facts') return facts(place);
  if (job.kind === 'profile') return profileStep(job, place);
  if (job.kind === 'tune') return tune(job, place);
  if (job.kind === 'kernels') {
    const gpu = await place.requestGpu();
    const results = await measure(gpu, await benchCases(job.pattern), {
      repeats: job.repeats,
      cpuTime: place.cpuTime,
      onResult: ({ kernel, name, ms }) =>
        place.onProgress(`${kernel} ${name} ${ms.median.toPrecision(3)} ms`),
    });
    gpu.dispose();
    return results;
  }
  const entry = PROBLEMS.find(({ name }) => name === job.name);
  if (!entry) throw new Error(`unknown problem ${job.name}`);
  const chosen = job.libraries.map((library) => {
    const subject = subjects.get(library) ?? LIBRARIES[library](place);
    subjects.set(library, subject);
    return subject;
  });
  return versus(entry.make(), chosen, { ...job, ...place });
}

async function facts(place: Place): Promise<Facts> {
  const gpu = await place.requestGpu();
  place.onProgress('peak of arithmetic and memory');
  const peak = await measurePeak(gpu);
  const data = syntheticFaces({ seed: 1, count: 16, size: 48 });
  const dispatches = Object.fromEntries(
    (Object.keys(PRESETS) as Preset[]).map((preset) => {
      const config = trainConfig(preset, { batch: 16 });
      const { tape } = recordStep(gpu, createNetwork(config.model), config, data);
      return [preset, tape.dispatches.length];
    }),
  );
  const { adapter, capabilities } = gpu;
  const { features, subgroupMinSize, subgroupMaxSize } = capabilities;
  const subgroups: [number, number] = [subgroupMinSize, subgroupMaxSize];
  gpu.dispose();
  return { adapter, subgroups, features: [...features], peak, dispatches };
}
