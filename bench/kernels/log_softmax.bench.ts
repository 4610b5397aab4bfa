import { f32 } from '../../src/kernels/kernel';
import { logSoftmaxBackward, logSoftmaxForward } from '../../src/kernels/log_softmax';
import type { BenchCase } from './case';

const x = f32([256, 7]);

export const cases: BenchCase[] = [
  { name: '256x7', kernel: logSoftmaxForward, inputs: { x } },
  { name: '256x7', kernel: logSoftmaxBackward, inputs: { y: x, dy: x } },
];
