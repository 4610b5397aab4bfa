import { cumsumForward } from '../../src/kernels/cumsum';
import { f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [
  { name: '4096x256', kernel: cumsumForward, inputs: { x: f32([4096, 256]) }, attributes: {} },
];
