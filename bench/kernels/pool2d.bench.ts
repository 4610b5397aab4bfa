import { f32, u32 } from '../../src/kernels/kernel';
import {
  avgPool2dBackward,
  avgPool2dForward,
  maxPool2dBackward,
  maxPool2dForward,
} from '../../src/kernels/pool2d';
import { windowOf } from '../../src/kernels/window';
import type { BenchCase } from './case';

const x = f32([64, 64, 24, 24]);
const y = f32([64, 64, 12, 12]);
const window = windowOf('pool', [3, 3], [24, 24], { stride: 2, padding: 1 });
const pool = { window, shape: y.shape };
const average = { ...pool, includePad: true, divisor: 0 };
const name = '64x64x24x24, 3x3 by 2';

export const cases: BenchCase[] = [
  { name, kernel: maxPool2dForward, inputs: { x }, attributes: pool },
  {
    name,
    kernel: maxPool2dBackward,
    inputs: { indices: u32(y.shape), dy: y },
    attributes: { ...pool, input: x.shape },
  },
  { name, kernel: avgPool2dForward, inputs: { x }, attributes: average },
  {
    name,
    kernel: avgPool2dBackward,
    inputs: { dy: y },
    attributes: { ...average, input: x.shape },
  },
];
