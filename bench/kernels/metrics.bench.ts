import { f32, u32 } from '../../src/kernels/kernel';
import { accumulateMetrics } from '../../src/kernels/metrics';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [64, 256].map((N) => ({
  name: `${N} samples, 7 classes`,
  kernel: accumulateMetrics,
  inputs: {
    loss: f32([N]),
    logits: f32([N, 7]),
    labels: u32([N]),
    step: u32([64]),
    totals: f32([4]),
    first_bad_step: u32([1]),
  },
}));
