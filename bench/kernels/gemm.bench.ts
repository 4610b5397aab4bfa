import { gemmForward } from '../../src/kernels/gemm';
import { f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const c = f32([256]);
const square = f32([256, 256]);

export const cases: BenchCase[] = [
  {
    name: '256x256x256',
    kernel: gemmForward,
    inputs: { a: square, b: square, c },
    attributes: { beta: 1 },
  },
  {
    name: '256x256x256, b transposed',
    kernel: gemmForward,
    inputs: { a: square, b: square, c },
    attributes: { beta: 1, transB: true },
  },
  {
    name: '64 of 32x32x32',
    kernel: gemmForward,
    inputs: { a: f32([64, 32, 32]), b: f32([64, 32, 32]), c },
    attributes: {},
  },
];
