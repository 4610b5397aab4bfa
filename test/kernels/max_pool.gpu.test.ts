import { bordered, size, type Layout } from '../../src/kernels/kernel';
import {
  isPool2x2,
  maxPoolBackward,
  maxPoolBackward2x2,
  maxPoolForward,
  maxPoolForward2x2,
} from '../../src/kernels/max_pool';
import * as reference from '../../src/kernels/reference/max_pool';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense, type TestTensor } from '../support/kernel';
import { uniform } from '../support/random';

interface Pool {
  window: number;
  stride?: number;
  padding?: number;
}

interface Shaped {
  name: string;
  shape: number[];
  pool: Pool;
  xLayout?: Layout;
  yLayout?: Layout;
  x?: (v: number, i: number) => number;
}

const two = { window: 2 };

const shapes: Shaped[] = [
  { name: 'one window', shape: [1, 1, 2, 2], pool: two },
  { name: 'one element', shape: [1, 1, 1], pool: { window: 1 } },
  { name: 'N = 1', shape: [1, 3, 4, 6], pool: two },
  { name: 'two streams', shape: [2, 2, 3, 6, 4], pool: two },
  { name: 'odd sizes lose their last row and column', shape: [2, 3, 7, 5], pool: two },
  { name: 'ties', shape: [2, 2, 6, 6], pool: two, x: (_, i) => (i * i) % 3 },
  { name: 'zeros', shape: [2, 5, 5], pool: two, x: () => 0 },
  { name: 'all negative', shape: [2, 6, 6], pool: { window: 3, padding: 1 }, x: (v) => v - 2 },
  { name: 'large values', shape: [3, 4, 4], pool: two, x: (v) => v * 1e38 },
  { name: 'overlapping windows', shape: [2, 2, 9, 8], pool: { window: 3, stride: 2 } },
  { name: 'overlapping ties', shape: [2, 7, 7], pool: { window: 3, stride: 1 }, x: () => 1 },
  { name: 'stride 1 with padding', shape: [2, 5, 6], pool: { window: 3, stride: 1, padding: 1 } },
  { name: 'padding 2', shape: [2, 7, 5], pool: { window: 5, stride: 2, padding: 2 } },
  { name: 'gaps between windows', shape: [2, 9, 8], pool: { window: 2, stride: 3 } },
  { name: 'bordered x', shape: [2, 3, 6, 7], pool: two, xLayout: bordered(7) },
  { name: 'bordered y', shape: [2, 3, 6, 7], pool: two, yLayout: bordered(3) },
  {
    name: 'both bordered, with padding',
    shape: [2, 3, 6, 7],
    pool: { window: 3, stride: 2, padding: 1 },
    xLayout: bordered(7),
    yLayout: bordered(4),
  },
  { name: 'past one workgroup', shape: [2, 4, 24, 24], pool: two, yLayout: bordered(12) },
];

function input({ shape, x, xLayout }: Shaped): TestTensor {
  const values = uniform(size(shape), 1);
  return tensor(shape, x ? values.map(x) : values, { layout: xLayout });
}

const full = ({ window, stride = window, padding = 0 }: Pool) => ({ window, stride, padding });

/** A case's forward pass on the reference: the backward cases need real indices. */
function forwardOf(s: Shaped) {
  const extents = s.shape.slice(-2).map((e) => reference.pooledExtent(e, full(s.pool)));
  const shape = [...s.shape.slice(0, -2), ...extents];
  const { indices } = reference.maxPoolForward(input(s).data, s.shape, full(s.pool));
  return { shape, indices };
}

const forwardCases = (chosen: Shaped[]) => ({
  cases: chosen.map((s) => ({
    name: s.name,
    inputs: { x: input(s) },
    attributes: { ...s.pool, layout: s.yLayout },
  })),
  reference: ({ x }: Record<'x', Dense>, pool: Pool) =>
    reference.maxPoolForward(x.data, x.shape, full(pool)),
  tolerance: { absolute: 0, relative: 0 }, // comparisons and copies: nothing is rounded
});

const backwardCases = (chosen: Shaped[]) => ({
  cases: chosen.map((s) => {
    const { shape, indices } = forwardOf(s);
    return {
      name: s.name,
      inputs: {
        indices: tensor(shape, indices, { dtype: 'u32' }),
        dy: tensor(shape, 2, { layout: s.yLayout }),
      },
      attributes: { ...s.pool, shape: s.shape, layout: s.xLayout },
    };
  }),
  reference: (
    { indices, dy }: Record<'indices' | 'dy', Dense>,
    { shape }: { shape: readonly number[] },
  ) => ({
    dx: reference.maxPoolBackward(dy.data, indices.data, shape, dy.shape),
  }),
  tolerance: { absolute: 1e-6, relative: 0 }, // at most 9 overlapping windows, terms up to 1
});

testKernel(maxPoolForward, forwardCases(shapes));
testKernel(maxPoolBackward, backwardCases(shapes));

const narrow: Shaped[] = [
  { name: 'a row of one window', shape: [3, 1, 2, 3], pool: two },
  { name: 'five windows a row', shape: [1, 2, 4, 11], pool: two },
  { name: 'bordered dx with odd sizes', shape: [2, 3, 7, 9], pool: two, xLayout: bordered(9) },
  { name: 'all bordered', shape: [2, 8, 8], pool: two, xLayout: bordered(8), yLayout: bordered(4) },
  { name: 'a border of one', shape: [2, 6, 6], pool: two, yLayout: bordered(3, 1) },
];
const sideBySide = [...shapes, ...narrow].filter(({ pool }) => isPool2x2(pool));

testKernel(maxPoolForward2x2, forwardCases(sideBySide));
testKernel(maxPoolBackward2x2, backwardCases(sideBySide));

testGradient('max_pool', {
  cases: [
    { name: '2x2', shape: [2, 5, 6], pool: two },
    { name: 'overlapping', shape: [2, 5, 5], pool: { window: 3, stride: 1, padding: 1 } },
    { name: '3x3 stride 2', shape: [1, 7, 9], pool: { window: 3, stride: 2 } },
  ].map((s) => ({ name: s.name, inputs: { x: input(s) }, attributes: full(s.pool) })),
  forward: ({ x }, pool) => reference.maxPoolForward(x.data, x.shape, pool).y,
  backward: ({ x }, dy, pool) => {
    const { indices } = reference.maxPoolForward(x.data, x.shape, pool);
    const extents = x.shape.slice(-2).map((e) => reference.pooledExtent(e, pool));
    const shape = [...x.shape.slice(0, -2), ...extents];
    return { x: reference.maxPoolBackward(dy, indices, x.shape, shape) };
  },
});
