import { size } from '../../src/kernels/kernel';
import {
  reduceBackward,
  reduceExtreme,
  reduceForward,
  REDUCTIONS,
  type ReducedAxes,
} from '../../src/kernels/reduce';
import * as reference from '../../src/kernels/reference/reduce';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type TestTensor } from '../support/kernel';

// Sums of at most 5,000 terms of up to 1, in 64 parts: 8e-8 * sqrt(5000) * a few; a product's error grows with its length.
const tolerance = { absolute: 2e-5, relative: 1e-5 };

const extentsOf = (shape: readonly number[], { begin, end }: ReducedAxes) => ({
  outer: size(shape.slice(0, begin)),
  terms: size(shape.slice(begin, end)),
  inner: size(shape.slice(end)),
});

const shapes: [string, number[], ReducedAxes][] = [
  ['one number', [1], { begin: 0, end: 1 }],
  ['rows', [5, 7], { begin: 1, end: 2 }],
  ['columns', [5, 7], { begin: 0, end: 1 }],
  ['the middle', [3, 5, 4], { begin: 1, end: 2 }],
  ['two axes of four', [2, 3, 4, 5], { begin: 1, end: 3 }],
  ['everything', [3, 3, 3], { begin: 0, end: 3 }],
  ['terms of a workgroup', [2, 256, 3], { begin: 1, end: 2 }],
  ['more terms than a workgroup has lanes', [3, 300], { begin: 1, end: 2 }],
  ['one long sum', [5000], { begin: 0, end: 1 }],
  ['many short ones', [1200, 3], { begin: 1, end: 2 }],
  ['kept axes', [2, 6], { begin: 1, end: 2, shape: [2, 1] }],
];

const race = (data: ArrayLike<number> | number) => tensor([2, 260], data);

testKernel(reduceForward, {
  cases: [
    ...shapes.flatMap(([name, shape, axes], i) =>
      REDUCTIONS.map((reduction) => ({
        name: `${reduction}: ${name}`,
        // factors near 1, so that long products stay in range
        inputs: {
          x:
            reduction === 'product'
              ? tensor(
                  shape,
                  tensor(shape, i, { scale: 0.05 }).data.length
                    ? Array.from(
                        tensor(shape, i, { scale: 0.05 }).data as Float64Array,
                        (v) => 1 + v,
                      )
                    : [],
                )
              : tensor(shape, i),
        },
        attributes: { ...axes, reduction },
      })),
    ),
    {
      name: 'l2 of zeros',
      inputs: { x: tensor([2, 3], new Array(6).fill(0)) },
      attributes: { begin: 1, end: 2, reduction: 'l2' as const },
    },
    {
      name: 'large values',
      inputs: { x: tensor([2, 3], [1e30, -1e30, 1, 1e20, 1e20, 1e20]) },
      attributes: { begin: 1, end: 2, reduction: 'mean' as const },
    },
  ],
  reference: ({ x }, { reduction, ...axes }) => ({
    y: reference.reduceForward(x.data, extentsOf(x.shape, axes), reduction),
  }),
  tolerance,
  race: {
    name: 'race',
    inputs: { x: race(1) },
    attributes: { begin: 1, end: 2, reduction: 'sum' },
  },
});

const withY = (x: TestTensor, axes: ReducedAxes, reduction: reference.Reduction) => {
  const y = reference.reduceForward(x.data, extentsOf(x.shape, axes), reduction);
  return { x, y: tensor([y.length], y), dy: tensor([y.length], 9) };
};

testKernel(reduceBackward, {
  cases: [
    ...shapes.flatMap(([name, shape, axes], i) =>
      REDUCTIONS.filter((reduction) => reduction !== 'product' || size(shape) < 500).map(
        (reduction) => ({
          name: `${reduction}: ${name}`,
          inputs: withY(tensor(shape, i + 1), axes, reduction),
          attributes: { ...axes, reduction },
        }),
      ),
    ),
    ...REDUCTIONS.map((reduction) => ({
      name: `${reduction}: zeros`,
      inputs: withY(tensor([2, 3], [0, 0, 0, 0, 2, 3]), { begin: 1, end: 2 }, reduction),
      attributes: { begin: 1, end: 2, reduction },
    })),
  ],
  reference: ({ x, dy }, { reduction, ...axes }) => ({
    dx: reference.reduceBackward(x.data, dy.data, extentsOf(x.shape, axes), reduction),
  }),
  derived: ({ x }, { reduction, ...axes }) => ({
    y: reference.reduceForward(x.data, extentsOf(x.shape, axes), reduction),
  }),
  tolerance,
});

const ties = tensor([3, 4], [1, 3, 3, 0, -1, -1, -1, -1, 0, -0, 5, 5]);

testKernel(reduceExtreme, {
  cases: [
    ...shapes.flatMap(([name, shape, axes], i) =>
      [false, true].map((smallest) => ({
        name: `${smallest ? 'min' : 'max'}: ${name}`,
        inputs: { x: tensor(shape, i + 2) },
        attributes: { ...axes, smallest },
      })),
    ),
    { name: 'first of ties', inputs: { x: ties }, attributes: { begin: 1, end: 2 } },
    { name: 'last of ties', inputs: { x: ties }, attributes: { begin: 1, end: 2, last: true } },
    {
      name: 'last of ties in a long row',
      inputs: {
        x: tensor(
          [600],
          Array.from({ length: 600 }, (_, i) => i % 7),
        ),
      },
      attributes: { begin: 0, end: 1, last: true },
    },
    {
      name: 'a NaN wins',
      inputs: { x: tensor([2, 3], [1, NaN, NaN, 4, 5, 6]) },
      attributes: { begin: 1, end: 2, smallest: true },
    },
    {
      name: 'infinities',
      inputs: { x: tensor([2, 2], [-Infinity, -Infinity, Infinity, 3]) },
      attributes: { begin: 1, end: 2 },
    },
  ],
  reference: ({ x }, { smallest, last, ...axes }) =>
    reference.reduceExtreme(x.data, extentsOf(x.shape, axes), { smallest, last }),
  tolerance: { absolute: 0, relative: 0 },
  race: { name: 'race', inputs: { x: race(3) }, attributes: { begin: 1, end: 2 } },
});

testGradient('reduce', {
  cases: REDUCTIONS.flatMap((reduction) =>
    [
      { begin: 0, end: 2 },
      { begin: 1, end: 2 },
    ].map((axes) => ({
      name: `${reduction} ${axes.begin}..${axes.end}`,
      inputs: { x: tensor([3, 4, 2], 5) },
      attributes: { ...axes, reduction },
    })),
  ),
  forward: ({ x }, { reduction, ...axes }) =>
    reference.reduceForward(x.data, extentsOf(x.shape, axes), reduction),
  backward: ({ x }, dy, { reduction, ...axes }) => ({
    x: reference.reduceBackward(x.data, dy, extentsOf(x.shape, axes), reduction),
  }),
});

testGradient('extreme', {
  cases: [false, true, false].map((smallest, i) => ({
    name: smallest ? 'min' : `max ${i}`,
    inputs: { x: tensor([3, 4, 2], i + 1) },
    attributes: { begin: i % 2, end: 2, smallest },
  })),
  forward: ({ x }, { smallest, ...axes }) =>
    reference.reduceExtreme(x.data, extentsOf(x.shape, axes), { smallest }).y,
  backward: ({ x }, dy, { smallest, ...axes }) => {
    return { x: reference.extremeGradient(x.data, dy, extentsOf(x.shape, axes), { smallest }) };
  },
});

testGradient('logarithms', {
  cases: [false, true].flatMap((exponential) =>
    [0, 1].map((begin) => ({
      name: `${exponential ? 'log_sum_exp' : 'log_sum'} ${begin}..2`,
      inputs: {
        x: tensor(
          [3, 4, 2],
          Array.from({ length: 24 }, (_, i) => 0.5 + ((i * 7) % 24) / 9),
        ),
      },
      attributes: { begin, end: 2, exponential },
    })),
  ),
  forward: ({ x }, { exponential, ...axes }) =>
    reference.logarithm(x.data, extentsOf(x.shape, axes), exponential),
  backward: ({ x }, dy, { exponential, ...axes }) => ({
    x: reference.logarithmGradient(x.data, dy, extentsOf(x.shape, axes), exponential),
  }),
});
