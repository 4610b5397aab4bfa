import { describe, expect, it } from 'vitest';
import { conv2d } from '../../src/eager';
import * as reference from '../../src/kernels/reference/conv2d';
import { windowOf, windowsIn, type Padding } from '../../src/kernels/window';
import { testGpu } from '../support/gpu';
import { array, expectClose } from '../support/property';

// Sums of at most 8192 products of numbers up to 1: 6e-8 * sqrt(8192) * a few.
const tolerance = { absolute: 5e-5, relative: 1e-5 };

interface Case {
  name: string;
  x: [number, number, number, number];
  out: number;
  taps: number;
  stride?: number;
  padding?: Padding;
  groups?: number;
}

/** Large enough for the tuned kernels. */
const cases: Case[] = [
  { name: '3x3', x: [4, 16, 17, 16], out: 32, taps: 3, padding: 1 },
  { name: '1x1', x: [8, 32, 17, 17], out: 63, taps: 1 },
  { name: '3x3, stride 2', x: [4, 32, 25, 25], out: 32, taps: 3, stride: 2, padding: 'same' },
  { name: 'depthwise', x: [8, 64, 32, 31], out: 64, taps: 3, padding: 1, groups: 64 },
];

describe('conv2d by the tuned kernels', () => {
  it.each(cases)('$name', async ({ x: shape, out, taps, stride = 1, padding = 0, groups = 1 }) => {
    const gpu = await testGpu();
    const window = windowOf('conv2d', [taps, taps], shape.slice(2), { stride, padding });
    const y = [shape[0], out, ...windowsIn('conv2d', shape.slice(2), window)];
    expect(y[0] * out * y[2] * y[3] * (shape[1] / groups) * taps ** 2).toBeGreaterThan(2 ** 22);
    const x = array(shape, 1);
    const weight = array([out, shape[1] / groups, taps, taps], 2);
    const bias = array([out], 3);
    const dy = array(y, 4);
    const attributes = { stride, padding, groups };
    const conv = { window, groups };
    const made = await conv2d(gpu, { x, weight, bias }, attributes);
    const forward = reference.conv2dForward(x.data, shape, weight.data, bias.data, y, conv);
    expectClose('y', made.y, forward, tolerance);
    const gradients = await conv2d.backward(gpu, { x, weight, bias }, { y: dy }, attributes);
    const dx = reference.conv2dBackwardInput(dy.data, y, weight.data, undefined, shape, conv);
    expectClose('dx', gradients.x, dx, tolerance);
    const dweight = reference.conv2dBackwardWeight(x.data, shape, dy.data, y, conv);
    expectClose('dweight', gradients.weight, dweight, tolerance);
    expectClose('dbias', gradients.bias, reference.conv2dBackwardBias(dy.data, y), tolerance);
  });
});
