import { conv2dBackwardInput, conv2dBackwardWeight, conv2dForward } from '../../src/kernels/conv2d';
import { f32 } from '../../src/kernels/kernel';
import { windowOf } from '../../src/kernels/window';
import type { BenchCase } from './case';

const images = [16, 32, 28, 28];
const x = f32(images);
const weight = f32([64, 32, 3, 3]);
const shape = [16, 64, 28, 28];
const conv = { window: windowOf('conv2d', [3, 3], [28, 28], { padding: 1 }), groups: 1 };
const name = '16x32x28x28 to 64, 3x3';

export const cases: BenchCase[] = [
  {
    name,
    kernel: conv2dForward,
    inputs: { x, weight, bias: f32([64]) },
    attributes: { ...conv, shape, hasBias: true },
  },
  {
    name,
    kernel: conv2dBackwardInput,
    inputs: { dy: f32(shape), weight, bias: f32([32]) },
    attributes: { ...conv, shape: images },
  },
  { name, kernel: conv2dBackwardWeight, inputs: { x, dy: f32(shape) }, attributes: conv },
];
