import type { Gpu } from '../../src/gpu/device';
import { defineKernel, f32, linear, size, type TensorSpec } from '../../src/kernels/kernel';
import { measure, type BenchResult } from '../versus/measure';
import copyShader from './copy.wgsl';
import fmaShader from './fma.wgsl';

/** What an adapter can do at best, by kernels that do nothing else. */
export interface Peak {
  gflops: number;
  /** Of a copy that is larger than caches are. */
  gbytesPerSecond: number;
  /** Of copies that they hold, smallest first: bytes read and written. */
  cached: { bytes: number; gbytesPerSecond: number }[];
  /** Milliseconds of a dispatch that does next to nothing, among others. */
  launchMs: number;
}

const CHAINS = 10;
const UNROLLED = 32;

const fma = defineKernel({
  name: 'peak.fma',
  shader: fmaShader,
  outputs: (_: Record<never, TensorSpec>, { threads }: { threads: number; rounds: number }) => ({
    y: f32([threads]),
  }),
  params: (_, { rounds }) => ({ rounds, factor: 0.999, addend: 0.5 }),
  workgroups: (_, { threads }) => [threads / 64, 1, 1],
  flops: (_, { threads, rounds }) => 2 * CHAINS * UNROLLED * threads * rounds,
});

const copy = defineKernel({
  name: 'peak.copy',
  shader: copyShader,
  outputs: ({ x }: Record<'x', TensorSpec>) => ({ y: f32(x.shape) }),
  params: ({ x }) => ({ length: size(x.shape) / 4 }),
  workgroups: ({ x }) => linear(size(x.shape) / 4, 64),
});

const KIB = 2 ** 10;
const MIB = 2 ** 20;
/** Bytes read, and as many written. */
const CACHED = [32 * KIB, 256 * KIB, 2 * MIB];
const LARGE = 32 * MIB;
const NOTHING = 256;

/**
 * Measures all of it on this adapter; by CPU time, where that is given, as a core's share of it.
 */
export async function measurePeak(gpu: Gpu, cpuTime?: () => Promise<number>): Promise<Peak> {
  const least = ({ ms, cpuMs }: BenchResult) => (cpuMs ?? ms).min;
  const threads = 16 * 1024;
  const flops = (rounds: number) => fma.flops!({}, { threads, rounds });
  const run = async (rounds: number) => {
    const attributes = { threads, rounds };
    const cases = [{ name: `${rounds} rounds`, kernel: fma, inputs: {}, attributes }];
    const [result] = await measure(gpu, cases, { repeats: 9, cpuTime });
    return flops(rounds) / least(result) / 1e6;
  };
  // A slow adapter must not be held up, a fast one must not measure its launch alone.
  let rounds = 16;
  let gflops = await run(rounds);
  while (rounds < 65536 && flops(rounds) / gflops / 1e6 < 10) {
    rounds *= 8;
    gflops = Math.max(gflops, await run(rounds));
  }
  const copied = async (bytes: number) => {
    const cases = [{ name: `${bytes} bytes`, kernel: copy, inputs: { x: f32([bytes / 4]) } }];
    return least((await measure(gpu, cases, { repeats: 7, cpuTime }))[0]);
  };
  const launchMs = await copied(NOTHING);
  const cached = [];
  for (const bytes of CACHED) {
    cached.push({ bytes: 2 * bytes, gbytesPerSecond: (2 * bytes) / (await copied(bytes)) / 1e6 });
  }
  return { gflops, gbytesPerSecond: (2 * LARGE) / (await copied(LARGE)) / 1e6, cached, launchMs };
}

/** GB/s at best for what moves so many bytes: a copy of as many, or of more. */
export function copyPeak({ cached, gbytesPerSecond }: Peak, bytes: number): number {
  if (bytes >= 2 * LARGE) return gbytesPerSecond;
  const asLarge = cached.slice(
    Math.max(
      0,
      cached.findLastIndex((copy) => copy.bytes <= bytes),
    ),
  );
  return Math.max(gbytesPerSecond, ...asLarge.map((copy) => copy.gbytesPerSecond));
}
