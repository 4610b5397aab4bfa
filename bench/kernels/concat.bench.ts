import { concatBackward, concatForward } from '../../src/kernels/concat';
import { f32 } from '../../src/kernels/kernel';
import type { BenchCase } from '../case';

export const cases: BenchCase[] = [
  { name: '2x64x256', kernel: concatForward, inputs: { x: f32([2, 64, 256]) } },
  {
    name: '2x64x256',
    kernel: concatBackward,
    inputs: { dy: f32([64, 512]) },
    attributes: { groups: 2 },
  },
];
