import { focalLoss } from '../../src/kernels/focal_loss';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [64, 256].map((N) => ({
  name: `${N} samples, 7 classes`,
  kernel: focalLoss,
  inputs: { logits: f32([N, 7]), labels: u32([N]), alpha: f32([7]) },
  attributes: { gamma: 2, smoothing: 0.05 },
}));
