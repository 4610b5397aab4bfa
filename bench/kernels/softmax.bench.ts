import { f32 } from '../../src/kernels/kernel';
import { softmaxBackward, softmaxForward } from '../../src/kernels/softmax';
import type { BenchCase } from './case';

const x = f32([256, 7]);

export const cases: BenchCase[] = [
  { name: '256x7', kernel: softmaxForward, inputs: { x } },
  { name: '256x7', kernel: softmaxBackward, inputs: { y: x, dy: x } },
];
