import type { Gpu } from '../../src/gpu/device';
import { defineKernel, f32, linear, size, type TensorSpec } from '../../src/kernels/kernel';
import { measure } from '../versus/measure';
import copyShader from './copy.wgsl';
import fmaShader from './fma.wgsl';

/** What an adapter can do at best, by kernels that do nothing else. */
export interface Peak {
  gflops: number;
  gbytesPerSecond: number;
}

const CHAINS = 16;

const fma = defineKernel({
  name: 'peak.fma',
  shader: fmaShader,
  outputs: (_: Record<never, TensorSpec>, { threads }: { threads: number; rounds: number }) => ({
    y: f32([threads]),
  }),
  params: (_, { rounds }) => ({ rounds, factor: 0.999, addend: 0.5 }),
  workgroups: (_, { threads }) => [threads / 64, 1, 1],
  flops: (_, { threads, rounds }) => 2 * CHAINS * threads * rounds,
});

const copy = defineKernel({
  name: 'peak.copy',
  shader: copyShader,
  outputs: ({ x }: Record<'x', TensorSpec>) => ({ y: f32(x.shape) }),
  params: ({ x }) => ({ length: size(x.shape) / 4 }),
  workgroups: ({ x }) => linear(size(x.shape) / 4, 64),
});

/** 32 MiB read and as much written: more than caches hold. */
const COPIED = 8 * 2 ** 20;

/** Measures both on this adapter. */
export async function measurePeak(gpu: Gpu): Promise<Peak> {
  const threads = 64 * 1024;
  const run = async (rounds: number) => {
    const attributes = { threads, rounds };
    const cases = [{ name: `${rounds} rounds`, kernel: fma, inputs: {}, attributes }];
    const [{ ms }] = await measure(gpu, cases, { repeats: 5 });
    return (2 * CHAINS * threads * rounds) / ms.min / 1e6;
  };
  // A slow adapter must not be held up, a fast one must not measure its launch alone.
  let rounds = 64;
  let gflops = await run(rounds);
  while (rounds < 65536 && (2 * CHAINS * threads * rounds) / gflops / 1e6 < 10) {
    rounds *= 8;
    gflops = await run(rounds);
  }
  const cases = [{ name: '32 MiB', kernel: copy, inputs: { x: f32([COPIED]) } }];
  const [{ ms }] = await measure(gpu, cases, { repeats: 7 });
  return { gflops, gbytesPerSecond: (8 * COPIED) / ms.min / 1e6 };
}
