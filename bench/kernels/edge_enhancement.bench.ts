import { edgeEnhancementForward } from '../../src/kernels/edge_enhancement';
import { f32, u32 } from '../../src/kernels/kernel';
import { edgeDefaults } from '../../src/vision/preprocess';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [
  [64, 48, 48],
  [8, 96, 96],
].map((shape) => ({
  name: `sharpen ${shape.join('x')}`,
  kernel: edgeEnhancementForward,
  inputs: { x: f32(shape), edges: u32(shape) },
  attributes: edgeDefaults(shape[1], shape[2]),
}));
