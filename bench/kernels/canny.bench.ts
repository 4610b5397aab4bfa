import { cannyEdges, cannyGradient } from '../../src/kernels/canny';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [
  [64, 48, 48],
  [8, 96, 96],
].flatMap((shape): BenchCase[] => [
  {
    name: `gradient ${shape.join('x')}`,
    kernel: cannyGradient,
    inputs: { x: f32(shape) },
  },
  {
    name: `edges ${shape.join('x')}`,
    kernel: cannyEdges,
    inputs: { gradient: u32(shape) },
    attributes: { highPercentile: 0.9, lowRatio: 0.4 },
  },
]);
