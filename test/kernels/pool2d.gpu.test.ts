import {
  avgPool2dBackward,
  avgPool2dForward,
  maxPool2dBackward,
  maxPool2dForward,
} from '../../src/kernels/pool2d';
import * as reference from '../../src/kernels/reference/pool2d';
import { windowOf, windowsIn, type Pair, type Padding } from '../../src/kernels/window';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

interface Case {
  name: string;
  x: number[];
  kernel: [number, number];
  stride?: Pair;
  padding?: Padding;
  dilation?: Pair;
  ceil?: boolean;
}

const TABLE: Case[] = [
  { name: '1x1', x: [1, 1, 1], kernel: [1, 1] },
  { name: '2x2, stride 2', x: [2, 3, 6, 4], kernel: [2, 2], stride: 2 },
  { name: '3x3, stride 2, zeros around', x: [2, 7, 7], kernel: [3, 3], stride: 2, padding: 1 },
  { name: 'overlapping', x: [1, 2, 5, 6], kernel: [3, 2] },
  { name: 'not square', x: [1, 9, 4], kernel: [4, 1], stride: [3, 1], padding: [2, 0] },
  { name: 'dilation', x: [2, 9, 8], kernel: [3, 2], dilation: [2, 3] },
  { name: 'asymmetric', x: [1, 6, 6], kernel: [3, 3], stride: 2, padding: [0, 1, 1, 0] },
  { name: 'a last window that only begins', x: [1, 5, 6], kernel: [2, 3], stride: 2, ceil: true },
  { name: 'same', x: [1, 5, 5], kernel: [2, 2], stride: 2, padding: 'same' },
  { name: 'the whole plane', x: [3, 2, 4, 5], kernel: [4, 5] },
  { name: 'gaps between windows', x: [1, 8, 8], kernel: [2, 2], stride: 3 },
  { name: 'past one workgroup', x: [2, 3, 12, 11], kernel: [3, 3], padding: 1 },
];

const cases = TABLE.map(({ name, x, kernel, ceil, stride = 1, padding, dilation }, i) => {
  const image = x.slice(-2);
  const window = windowOf('pool', kernel, image, { stride, padding, dilation });
  const shape = [...x.slice(0, -2), ...windowsIn('pool', image, window, ceil)];
  return { name, x: tensor(x, i + 1), attributes: { window, shape } };
});

testKernel(maxPool2dForward, {
  cases: [
    ...cases.map(({ name, x, attributes }) => ({ name, inputs: { x }, attributes })),
    {
      name: 'ties',
      inputs: { x: tensor([1, 4, 4], [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, -1, -1, 2, 2, -1, -1]) },
      attributes: { ...cases[1].attributes, shape: [1, 2, 2] },
    },
    {
      name: 'NaN and infinities',
      inputs: {
        x: tensor(
          [1, 4, 4],
          [
            1,
            NaN,
            -Infinity,
            -Infinity,
            NaN,
            5,
            -Infinity,
            -Infinity,
            Infinity,
            1,
            0,
            0,
            1,
            1,
            0,
            NaN,
          ],
        ),
      },
      attributes: { ...cases[1].attributes, shape: [1, 2, 2] },
    },
  ],
  reference: ({ x }, attributes) => reference.maxPool2dForward(x.data, x.shape, attributes),
  tolerance: { absolute: 0, relative: 0 },
});

testKernel(maxPool2dBackward, {
  cases: cases.map(({ name, x, attributes }) => {
    const { indices } = reference.maxPool2dForward(x.data, x.shape, attributes);
    return {
      name,
      inputs: {
        indices: tensor(attributes.shape, indices, { dtype: 'u32' }),
        dy: tensor(attributes.shape, 9),
      },
      attributes: { ...attributes, input: x.shape },
    };
  }),
  reference: ({ indices, dy }, { input, shape }) => ({
    dx: reference.maxPool2dBackward(indices.data, dy.data, input, shape),
  }),
  tolerance: { absolute: 2e-6, relative: 0 },
});

const KINDS = [
  { includePad: true, divisor: 0 },
  { includePad: false, divisor: 0 },
  { includePad: true, divisor: 5 },
];
const averages = cases.flatMap(({ name, x, attributes }) =>
  KINDS.map((kind) => ({
    name: `${name}, ${JSON.stringify(kind)}`,
    x,
    attributes: { ...attributes, ...kind },
  })),
);

testKernel(avgPool2dForward, {
  cases: averages.map(({ name, x, attributes }) => ({ name, inputs: { x }, attributes })),
  reference: ({ x }, attributes) => ({
    y: reference.avgPool2dForward(x.data, x.shape, attributes),
  }),
  tolerance: { absolute: 2e-6, relative: 1e-6 },
});

testKernel(avgPool2dBackward, {
  cases: averages.map(({ name, x, attributes }) => ({
    name,
    inputs: { dy: tensor(attributes.shape, 4) },
    attributes: { ...attributes, input: x.shape },
  })),
  reference: ({ dy }, { input, ...attributes }) => ({
    dx: reference.avgPool2dBackward(dy.data, input, attributes),
  }),
  tolerance: { absolute: 2e-6, relative: 1e-6 },
});

testGradient('max_pool2d', {
  step: 1e-7, // two elements of a window may be closer to each other than 1e-5
  cases: cases.slice(0, 9).map(({ name, x, attributes }) => ({ name, inputs: { x }, attributes })),
  forward: ({ x }, attributes) => reference.maxPool2dForward(x.data, x.shape, attributes).y,
  backward: ({ x }, dy, attributes) => {
    const { indices } = reference.maxPool2dForward(x.data, x.shape, attributes);
    return { x: reference.maxPool2dBackward(indices, dy, x.shape, attributes.shape) };
  },
});

testGradient('avg_pool2d', {
  cases: averages
    .slice(0, 24)
    .map(({ name, x, attributes }) => ({ name, inputs: { x }, attributes })),
  forward: ({ x }, attributes) => reference.avgPool2dForward(x.data, x.shape, attributes),
  backward: ({ x }, dy, attributes) => ({
    x: reference.avgPool2dBackward(dy, x.shape, attributes),
  }),
});
