import { ownSystems } from 'virtual:facegrad-own-systems';
import { adapterName } from '../../src/gpu/device';
import { syntheticFaces } from '../../src/data/synthetic';
import { createNetwork, namedConfig, SYSTEMS } from '../../src/nn/systems';
import type { Plan } from '../../src/tape/plan';
import { trainConfig } from '../../src/train/config';
import { TrainingStep } from '../../src/train/step';
import { measurePeak } from '../peak/peak';
import { spread } from '../versus/statistics';
import type { DispatchTime, Place, Profile } from './job';

const METHODS = { timestamp: 'timestamp queries', wall: 'from submit to completion' };

/** CPU time over the number of cores: on an idle machine, what a clock shows where all of them are at work. */
function coreTime({ cpuTime }: Place): () => Promise<number> {
  if (!cpuTime) throw new Error('CPU time is not known here');
  return async () => (await cpuTime()) / navigator.hardwareConcurrency;
}

/** Times every dispatch of a training step by itself, several times over. */
export async function profileStep(
  {
    network,
    batch,
    repeats,
    cpu,
  }: { network: string; batch: number; repeats: number; cpu: boolean },
  place: Place,
): Promise<Profile> {
  const gpu = await place.requestGpu();
  const clock = cpu ? coreTime(place) : undefined;
  const peak = await measurePeak(gpu, clock);
  const systems = [...SYSTEMS, ...ownSystems];
  const config = trainConfig(namedConfig(network, {}, systems), { batch });
  const data = syntheticFaces({ seed: 1, count: 2 * batch, size: 48 });
  const step = await TrainingStep.prepare(gpu, createNetwork(config.model, systems), config, data, {
    onProgress: (ready, total) =>
      ready === total ? place.onProgress(`${total} pipelines`) : undefined,
  });
  const { plan } = step;
  step.write(1, 1e-3);
  plan.run(); // so that the timed runs see a step's own numbers
  const runs: Awaited<ReturnType<Plan['profile']>>[] = [];
  for (let i = 0; i < repeats; i++) {
    place.onProgress(`run ${i + 1} of ${repeats}`);
    runs.push(await plan.profile({ clock }));
  }
  const dispatches = runs[0].steps.map(({ label, shape, ...step }, i): DispatchTime => ({
    ...step,
    label: `${label} [${shape}]`,
    timed: runs.every(({ steps }) => steps[i].timed),
    ms: spread(runs.map(({ steps }) => steps[i].ms)).median,
  }));
  const adapter = adapterName(gpu.adapter);
  step.dispose();
  gpu.dispose();
  return {
    title: `a training step of ${network}, batch ${batch}, on ${adapter}`,
    method: clock ? 'CPU time over the number of cores' : METHODS[runs[0].method],
    peak,
    dispatches,
  };
}
