import {
  distanceTransformChamfer,
  distanceTransformColumns,
  distanceTransformEuclidean,
} from '../../src/kernels/distance_transform';
import { u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [
  [64, 48, 48],
  [8, 96, 96],
].flatMap((shape): BenchCase[] => [
  {
    name: `columns ${shape.join('x')}`,
    kernel: distanceTransformColumns,
    inputs: { edges: u32(shape) },
  },
  {
    name: `Euclidean ${shape.join('x')}`,
    kernel: distanceTransformEuclidean,
    inputs: { vertical: u32(shape) },
    attributes: {},
  },
  {
    name: `chamfer 3-4 ${shape.join('x')}`,
    kernel: distanceTransformChamfer,
    inputs: { vertical: u32(shape) },
    attributes: { mask: '3-4' },
  },
]);
