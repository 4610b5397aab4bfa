import { f32 } from '../../src/kernels/kernel';
import { reduceBackward, reduceExtreme, reduceForward } from '../../src/kernels/reduce';
import type { BenchCase } from './case';

const x = f32([64, 64, 24, 24]);
const y = f32([64, 64]);
const axes = { begin: 2, end: 4 };
const name = '64x64 planes of 24x24';

export const cases: BenchCase[] = [
  { name, kernel: reduceForward, inputs: { x }, attributes: { ...axes, reduction: 'mean' } },
  {
    name,
    kernel: reduceBackward,
    inputs: { x, y, dy: y },
    attributes: { ...axes, reduction: 'mean' },
  },
  { name, kernel: reduceExtreme, inputs: { x }, attributes: axes },
  {
    name: '64 columns of 4096',
    kernel: reduceForward,
    inputs: { x: f32([4096, 64]) },
    attributes: { begin: 0, end: 1, reduction: 'sum' },
  },
];
