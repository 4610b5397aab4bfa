/** A GPU for the next training, whose pipelines are compiled while the page waits for the start button. */
import type { Capabilities, Gpu } from '../../src/gpu/device';
import { recordTraining } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { Plan } from '../../src/tape/plan';
import { leaveOutWrong } from '../../src/tape/variants';
import type { TrainConfig } from '../../src/train/config';
import { recordStep } from '../../src/train/step';
import { NOTHING, openGpu } from '../shared/open_gpu';
import { systems } from '../shared/systems';
import { verdicts } from '../shared/verdicts';
import type { LoadedData } from './run_store';

let warm: Promise<Gpu> | undefined;

/** What a training runs. */
const recordOf =
  ({ model, batch: samples, tuning, requiresGrad }: TrainConfig) =>
  (capabilities: Capabilities) =>
    recordTraining(createNetwork(model, systems, requiresGrad), capabilities, { samples, tuning });

function keep(opening: Promise<Gpu>): Promise<Gpu> {
  warm = opening;
  const forget = () => {
    if (warm === opening) warm = undefined;
  };
  opening.then(({ lost }) => lost.then(forget), forget);
  return opening;
}

/** Opens the first training's GPU. */
export const openWarm = (): Promise<Gpu> => keep(openGpu(2, NOTHING));

/**
 * Tries and compiles what a training with these would need: as long as there is no data, its fast kernels. What goes
 * wrong goes wrong again, and is told, at the start.
 */
export async function warmUp(
  configure: () => TrainConfig,
  data?: LoadedData,
): Promise<Gpu | undefined> {
  try {
    const config = configure();
    const gpu = await (warm ?? keep(openGpu(1, NOTHING)));
    await leaveOutWrong(gpu, { store: verdicts, record: recordOf(config) });
    if (!data) return gpu;
    const network = createNetwork(config.model, systems, config.requiresGrad);
    await Plan.precompile(recordStep(gpu, network, config, data.training).tape, gpu);
    return gpu;
  } catch {
    return undefined;
  }
}

/** The GPU of a training: the one that is warm, which is the training's from now on, or a new one. */
export async function takeGpu(config: TrainConfig, fresh = false): Promise<Gpu> {
  const taken = warm;
  warm = undefined;
  const gpu = await taken?.catch(() => undefined);
  const record = recordOf(config);
  if (!gpu) return openGpu(6, record);
  if (fresh) {
    gpu.dispose();
    return openGpu(6, record);
  }
  await leaveOutWrong(gpu, { store: verdicts, record });
  return gpu;
}

/** Gives it back when a training has ended, with all that was compiled on it. @returns whether it is taken */
export function giveBack(gpu: Gpu): boolean {
  if (warm) return false;
  void keep(Promise.resolve(gpu));
  return true;
}
