import { cdistBackward, cdistForward } from '../../src/kernels/cdist';
import { f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const [a, b, y] = [f32([64, 128]), f32([64, 128]), f32([64, 64])];

export const cases: BenchCase[] = [
  { name: '64 x 64 rows of 128', kernel: cdistForward, inputs: { a, b }, attributes: {} },
  {
    name: '64 x 64 rows of 128',
    kernel: cdistBackward,
    inputs: { a, b, y, dy: y },
    attributes: { of: 'a' },
  },
];
