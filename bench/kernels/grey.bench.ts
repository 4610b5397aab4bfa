import { greyForward } from '../../src/kernels/grey';
import { u32 } from '../../src/kernels/kernel';
import type { BenchCase } from '../case';

/** A camera's frame. */
export const cases: BenchCase[] = [
  { name: '640x480', kernel: greyForward, inputs: { pixels: u32([1, 480, 640]) } },
];
