import { f32 } from '../../src/kernels/kernel';
import { normalizeBackward, normalizeForward } from '../../src/kernels/normalize';
import type { BenchCase } from './case';

const x = f32([64, 256]);

export const cases: BenchCase[] = [
  { name: '64 rows of 256', kernel: normalizeForward, inputs: { x }, attributes: {} },
  {
    name: '64 rows of 256',
    kernel: normalizeBackward,
    inputs: { y: x, norm: f32([64]), dy: x },
    attributes: {},
  },
];
