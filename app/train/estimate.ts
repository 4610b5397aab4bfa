/** What a training will take of this GPU, told before it begins: nothing of it is compiled. */
import type { ImageSet, SequenceSet } from '../../src/data/dataset';
import type { Capabilities, Gpu } from '../../src/gpu/device';
import { bordered, f32 } from '../../src/kernels/kernel';
import { Model } from '../../src/nn/model';
import { conv5x5 } from '../../src/tape/operations/conv5x5';
import { memoryOf, Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { Sampler } from '../../src/train/batches';
import type { TrainConfig } from '../../src/train/config';
import { recordStep } from '../../src/train/trainer';

/** What a step asks of the GPU. */
export interface Need {
  /** Memory in bytes, and the largest buffer of it. */
  bytes: number;
  largest: number;
  steps: number;
  /** Arithmetic of a step. */
  flops: number;
  dispatches: number;
}

/** Milliseconds that a dispatch takes at least. */
const DISPATCH_MS = 0.015;
/** How long the convolution is timed, ms, and how often it runs at most. */
const TIMED_MS = 40;
const MOST_RUNS = 50;

export function needOf(
  capabilities: Capabilities,
  config: TrainConfig,
  training: ImageSet | SequenceSet,
): Need {
  const { tape } = recordStep({ capabilities }, new Model(config.model), config, training);
  const { after, state, largest } = memoryOf(tape);
  const { stepsPerEpoch } = new Sampler(training, config.batch, config.seed, config.sampling);
  const flops = tape.dispatches.reduce(
    (sum, { kernel, inputs, attributes }) => sum + (kernel.flops?.(inputs, attributes) ?? 0),
    0,
  );
  const dispatches = tape.dispatches.length;
  return {
    bytes: after + state,
    largest,
    steps: config.epochs * stepsPerEpoch,
    flops,
    dispatches,
  };
}

/** Seconds of a whole training, about. @param speed as `measureSpeed` or a training has shown it */
export function secondsOf({ steps, flops, dispatches }: Need, speed: number): number {
  return (steps * Math.max(flops / speed, dispatches * DISPATCH_MS)) / 1000;
}

/** Floating-point operations a millisecond of a training step, from one convolution of the `small` network. */
export async function measureSpeed(gpu: Gpu): Promise<number> {
  const storage = new Storage(gpu);
  const tape = new Tape(gpu.capabilities);
  const x = state('x', f32([1, 8, 32, 24, 24], bordered(24)));
  const weight = state('weight', f32([1, 32, 5, 5, 64]));
  const { y } = tape.apply(conv5x5, { x, weight });
  const plan = await Plan.compile(tape, storage, { keep: [y] });
  try {
    const time = async (runs: number) => {
      const begin = performance.now();
      for (let i = 0; i < runs; i++) plan.run();
      await gpu.device.queue.onSubmittedWorkDone();
      return performance.now() - begin;
    };
    await time(1); // the first one warms up
    const runs = Math.min(MOST_RUNS, Math.ceil(TIMED_MS / Math.max(0.5, await time(1))));
    const [{ kernel, inputs, attributes }] = tape.dispatches;
    return (runs * kernel.flops!(inputs, attributes)) / (await time(runs));
  } finally {
    plan.dispose();
    storage.dispose();
  }
}
