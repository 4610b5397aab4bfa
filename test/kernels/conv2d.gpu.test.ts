import { conv2dBackwardInput, conv2dBackwardWeight, conv2dForward } from '../../src/kernels/conv2d';
import * as reference from '../../src/kernels/reference/conv2d';
import { windowOf, windowsIn, type WindowAttributes } from '../../src/kernels/window';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

// Sums of up to some 1,000 products of numbers up to 1: 6e-8 * sqrt(1000) * a few.
const tolerance = { absolute: 2e-5, relative: 1e-5 };

interface Case extends WindowAttributes {
  name: string;
  /** N, C, H, W. */
  x: [number, number, number, number];
  out: number;
  kernel: [number, number];
  groups?: number;
  bias?: boolean;
}

const TABLE: Case[] = [
  { name: '1x1', x: [1, 1, 1, 1], out: 1, kernel: [1, 1] },
  { name: '3x3 same', x: [2, 3, 7, 5], out: 4, kernel: [3, 3], padding: 1, bias: true },
  { name: '5x5 same', x: [1, 2, 9, 9], out: 3, kernel: [5, 5], padding: 'same' },
  { name: 'even window, stride', x: [1, 2, 8, 7], out: 5, kernel: [4, 2], stride: [2, 3] },
  { name: 'even same', x: [1, 1, 5, 6], out: 2, kernel: [2, 4], padding: 'same' },
  { name: 'even same-lower', x: [1, 1, 5, 6], out: 2, kernel: [2, 4], padding: 'same-lower' },
  { name: 'dilation', x: [2, 1, 9, 8], out: 2, kernel: [3, 2], dilation: [2, 3], bias: true },
  { name: 'groups', x: [2, 6, 5, 5], out: 4, kernel: [3, 3], groups: 2, padding: 1, bias: true },
  { name: 'depthwise', x: [1, 5, 6, 6], out: 10, kernel: [3, 3], groups: 5, stride: 2, padding: 1 },
  { name: 'asymmetric', x: [1, 2, 5, 5], out: 3, kernel: [3, 3], padding: [0, 2, 1, 3] },
  { name: 'cropped', x: [1, 2, 7, 7], out: 3, kernel: [3, 3], padding: [-1, -2, 1, 0] },
  { name: 'only padding', x: [1, 1, 1, 1], out: 1, kernel: [3, 3], padding: 4, bias: true },
  { name: '11x11, stride 4', x: [1, 3, 23, 19], out: 2, kernel: [11, 11], stride: 4, padding: 2 },
  { name: 'many images', x: [40, 2, 6, 6], out: 3, kernel: [2, 2], bias: true },
  { name: 'rows alone', x: [2, 2, 1, 11], out: 2, kernel: [1, 5], padding: [0, 2], dilation: 2 },
];

const cases = TABLE.map(({ name, x, out, kernel, groups = 1, bias = false, ...window }, i) => {
  const resolved = windowOf('conv2d', kernel, x.slice(2), window);
  const y = [x[0], out, ...windowsIn('conv2d', x.slice(2), resolved)];
  const attributes = { window: resolved, groups, hasBias: bias };
  const weight = tensor([out, x[1] / groups, ...kernel], i + 1);
  return { name, x, y, weight, attributes };
});

testKernel(conv2dForward, {
  cases: cases.map(({ name, x, y, weight, attributes }) => ({
    name,
    inputs: { x: tensor(x, 3), weight, bias: tensor([y[1]], 4) },
    attributes: { ...attributes, shape: y },
  })),
  reference: ({ x, weight, bias }, { shape, ...conv }) => ({
    y: reference.conv2dForward(
      x.data,
      x.shape,
      weight.data,
      conv.hasBias ? bias.data : undefined,
      shape,
      conv,
    ),
  }),
  tolerance,
});

testKernel(conv2dBackwardInput, {
  cases: cases.map(({ name, x, y, weight, attributes }) => ({
    name,
    inputs: { dy: tensor(y, 3), weight, bias: tensor([x[1]], 4) },
    attributes: { ...attributes, shape: x },
  })),
  reference: ({ dy, weight, bias }, { shape, ...conv }) => ({
    dx: reference.conv2dBackwardInput(
      dy.data,
      dy.shape,
      weight.data,
      conv.hasBias ? bias.data : undefined,
      shape,
      conv,
    ),
  }),
  tolerance,
});

testKernel(conv2dBackwardWeight, {
  cases: cases.map(({ name, x, y, attributes }) => ({
    name,
    inputs: { x: tensor(x, 3), dy: tensor(y, 5) },
    attributes,
  })),
  reference: ({ x, dy }, conv) => ({
    dweight: reference.conv2dBackwardWeight(x.data, x.shape, dy.data, dy.shape, conv),
  }),
  tolerance,
  race: {
    name: 'race',
    inputs: { x: tensor([1, 1, 17, 17], 1), dy: tensor([1, 1, 16, 16], 2) },
    attributes: { window: windowOf('conv2d', [2, 2], [17, 17], {}), groups: 1 },
  },
});

testGradient('conv2d', {
  cases: cases.slice(1, 11).map(({ name, x, y, weight, attributes }) => ({
    name,
    inputs: { x: tensor(x, 1), weight, bias: tensor([y[1]], 2) },
    attributes: { ...attributes, hasBias: true, y },
  })),
  forward: ({ x, weight, bias }, { y, ...conv }) =>
    reference.conv2dForward(x.data, x.shape, weight.data, bias.data, y, conv),
  backward: ({ x, weight }, dy, { y, ...conv }) => ({
    x: reference.conv2dBackwardInput(dy, y, weight.data, undefined, x.shape, conv),
    weight: reference.conv2dBackwardWeight(x.data, x.shape, dy, y, conv),
    bias: reference.conv2dBackwardBias(dy, y),
  }),
});

testGradient('conv2d transposed', {
  cases: cases.slice(1, 11).map(({ name, x, y, weight, attributes }) => ({
    name,
    inputs: { x: tensor(y, 1), weight, bias: tensor([x[1]], 2) },
    attributes: { ...attributes, y: x },
  })),
  forward: ({ x, weight, bias }, { y, ...conv }) =>
    reference.conv2dBackwardInput(x.data, x.shape, weight.data, bias.data, y, conv),
  backward: ({ x, weight }, dy, { y, ...conv }) => ({
    x: reference.conv2dForward(dy, y, weight.data, undefined, x.shape, conv),
    weight: reference.conv2dBackwardWeight(dy, y, x.data, x.shape, conv),
    bias: reference.conv2dBackwardBias(dy, y),
  }),
});
