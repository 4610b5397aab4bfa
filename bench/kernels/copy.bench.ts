import {
  copyAxis,
  copyAxisBackward,
  copyLayout,
  copyPlace,
  copyStrided,
  fill,
  stridesOf,
} from '../../src/kernels/copy';
import { bordered, f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const x = f32([64, 64, 24, 24]);
const [N, C, H, W] = stridesOf(x.shape);
const name = '64x64x24x24';
const border = { axis: 3, begin: -2, length: 28, mode: 'reflect' };

export const cases: BenchCase[] = [
  { name: `border ${name}`, kernel: copyAxis, inputs: { x }, attributes: border },
  {
    name: `border ${name}`,
    kernel: copyAxisBackward,
    inputs: { dy: f32([64, 64, 24, 28]) },
    attributes: { ...border, shape: x.shape },
  },
  {
    name: `NCHW to NHWC ${name}`,
    kernel: copyStrided,
    inputs: { x },
    attributes: { shape: [64, 24, 24, 64], strides: [N, H, W, C] },
  },
  {
    name: `${name} into twice the channels`,
    kernel: copyPlace,
    inputs: { x, y: f32([64, 128, 24, 24]) },
    attributes: { axis: 1, begin: 64, length: 128 },
  },
  {
    name: `${name} into a border`,
    kernel: copyLayout,
    inputs: { x },
    attributes: { layout: bordered(24) },
  },
  { name, kernel: fill, inputs: {}, attributes: { shape: x.shape, value: 1 } },
];
