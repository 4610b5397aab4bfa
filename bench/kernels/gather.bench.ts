import { gatherForward, segmentSum } from '../../src/kernels/gather';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

/** Centers of 7 classes for a batch, and pairs out of a batch; what comes back to them. */
export const cases: BenchCase[] = [
  { rows: 7, picks: 64, features: 256 },
  { rows: 64, picks: 2016, features: 128 },
].flatMap(({ rows, picks, features }): BenchCase[] => [
  {
    name: `${picks} of ${rows} rows of ${features}`,
    kernel: gatherForward,
    inputs: { x: f32([rows, features]), indices: u32([picks]) },
    attributes: { axis: 0 },
  },
  {
    name: `${picks} rows of ${features} in ${rows} segments`,
    kernel: segmentSum,
    inputs: { x: f32([picks, features]), segments: u32([picks]) },
    attributes: { axis: 0, count: rows },
  },
]);
