import { dropoutBackward, dropoutForward } from '../../src/kernels/dropout';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const shape = [2, 64, 256];
const attributes = { rate: 0.5, stream: 1 };
const step = u32([64]);

export const cases: BenchCase[] = [
  { name: '2x64x256', kernel: dropoutForward, inputs: { x: f32(shape), step }, attributes },
  { name: '2x64x256', kernel: dropoutBackward, inputs: { dy: f32(shape), step }, attributes },
];
