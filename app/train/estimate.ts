/** What a training will take of this GPU, told before it begins: nothing of it is compiled. */
import type { Capabilities, Gpu } from '../../src/gpu/device';
import { bordered, f32 } from '../../src/kernels/kernel';
import { createNetwork } from '../../src/nn/systems';
import { conv5x5 } from '../../src/tape/operations/conv5x5';
import { memoryOf } from '../../src/tape/memory';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import { itemLabels, Sampler } from '../../src/train/batches';
import type { TrainConfig } from '../../src/train/config';
import { recordStep } from '../../src/train/step';
import type { TrainingData } from '../../src/train/trainer';
import { systems } from '../shared/systems';

/** What a step asks of the GPU. */
export interface Need {
  /** Memory in bytes, and the largest buffer of it. */
  bytes: number;
  largest: number;
  /** Steps, and evaluations as steps. */
  steps: number;
  /** Work of a step, in floating-point operations; what it moves is counted too. */
  work: number;
  dispatches: number;
}

/** Floating-point operations that take as long as a byte that is read or written. */
const OPERATIONS_A_BYTE = 4;
/** Forward alone, as in an evaluation, is about this share of a step. */
const FORWARD = 1 / 3;
/** Milliseconds that a dispatch takes at least. */
const DISPATCH_MS = 0.015;
/** How long the convolution is timed, ms, and how often it runs at most. */
const TIMED_MS = 40;
const MOST_RUNS = 50;

export function needOf(
  capabilities: Capabilities,
  config: TrainConfig,
  { training, validation }: TrainingData,
): Need {
  const { tape } = recordStep(
    { capabilities },
    createNetwork(config.model, systems, config.requiresGrad),
    config,
    training,
  );
  const { after, state, largest } = memoryOf(tape);
  const { stepsPerEpoch } = new Sampler(training, config.batch, config.seed, config.sampling);
  let work = 0;
  for (const { kernel, inputs, attributes, values } of tape.dispatches) {
    const bytes = Object.values(values).reduce((sum, value) => sum + value.bytes, 0);
    work += (kernel.flops?.(inputs, attributes) ?? 0) + OPERATIONS_A_BYTE * bytes;
  }
  const held = validation ? itemLabels(validation).length / config.batch : 0;
  return {
    bytes: after + state,
    largest,
    steps: config.epochs * (stepsPerEpoch + FORWARD * held),
    work,
    dispatches: tape.dispatches.length,
  };
}

/** Seconds of a whole training, about. @param speed as `measureSpeed` or a training has shown it */
export function secondsOf({ steps, work, dispatches }: Need, speed: number): number {
  return (steps * Math.max(work / speed, dispatches * DISPATCH_MS)) / 1000;
}

/** One convolution of the `small` network, which is timed. */
export function recordConvolution(capabilities: Capabilities): { tape: Tape; y: Value } {
  const tape = new Tape(capabilities);
  const x = state('x', f32([1, 8, 32, 24, 24], bordered(24)));
  const weight = state('weight', f32([1, 32, 5, 5, 64]));
  return { tape, y: tape.apply(conv5x5, { x, weight }).y };
}

/** Floating-point operations a millisecond of a training step, from one convolution of the `small` network. */
export async function measureSpeed(gpu: Gpu): Promise<number> {
  const storage = new Storage(gpu);
  const { tape, y } = recordConvolution(gpu.capabilities);
  const plan = await Plan.compile(tape, storage, { keep: [y] });
  try {
    const time = async (runs: number) => {
      const begin = performance.now();
      for (let i = 0; i < runs; i++) plan.run();
      await gpu.done();
      return performance.now() - begin;
    };
    await time(1); // the first one warms up
    const runs = Math.min(MOST_RUNS, Math.ceil(TIMED_MS / Math.max(0.5, await time(1))));
    // By Winograd, a convolution is several dispatches, of which some only move numbers.
    const work = tape.dispatches.reduce(
      (sum, { kernel, inputs, attributes }) => sum + (kernel.flops?.(inputs, attributes) ?? 0),
      0,
    );
    return (runs * work) / (await time(runs));
  } finally {
    plan.dispose();
    storage.dispose();
  }
}
