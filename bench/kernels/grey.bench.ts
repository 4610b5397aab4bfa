import { greyForward } from '../../src/kernels/grey';
import { u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [
  { name: 'frame of 1280x720', kernel: greyForward, inputs: { pixels: u32([1, 720, 1280]) } },
];
