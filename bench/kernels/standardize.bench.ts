import { f32 } from '../../src/kernels/kernel';
import { standardizeForward } from '../../src/kernels/standardize';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [48, 96].map((side) => ({
  name: `2 streams of 64 images of ${side}x${side}`,
  kernel: standardizeForward,
  inputs: { a: f32([64, side, side]), b: f32([64, side, side]) },
  attributes: { streams: 2 },
}));
