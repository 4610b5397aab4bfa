import {
  normalizeBackward,
  normalizeForward,
  type NormalizeAttributes,
} from '../../src/kernels/normalize';
import * as reference from '../../src/kernels/reference/normalize';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense } from '../support/kernel';

interface Case extends NormalizeAttributes {
  name: string;
  shape: number[];
  scale?: number;
}

const cases: Case[] = [
  { name: 'rows', shape: [5, 7] },
  { name: 'one of everything', shape: [1, 1] },
  { name: 'a line', shape: [9] },
  { name: 'columns', shape: [5, 7], axis: 0 },
  { name: 'channels of pictures', shape: [2, 3, 4, 5], axis: 1 },
  { name: 'the last of three axes', shape: [2, 3, 64], axis: 2 },
  { name: 'zeros', shape: [3, 4], scale: 0 },
  { name: 'shorter than epsilon', shape: [3, 4], scale: 0.01, epsilon: 0.5 },
  { name: 'some shorter than epsilon', shape: [20, 2], epsilon: 0.5 },
  { name: 'squares that would overflow', shape: [3, 5], scale: 1e30 },
  { name: 'squares that would vanish', shape: [3, 5], scale: 1e-25, epsilon: 1e-30 },
  { name: 'past one workgroup', shape: [131, 3] },
  { name: 'long rows', shape: [2, 1000] },
];

const inputOf = ({ shape, scale }: Case) => tensor(shape, 1, { scale });

const attributesOf = ({ axis, epsilon }: Case): NormalizeAttributes => ({
  axis,
  epsilon: epsilon && Math.fround(epsilon),
});

function sizesOf({ shape }: Dense, { axis = shape.length - 1, epsilon }: NormalizeAttributes) {
  const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);
  return {
    outer: product(shape.slice(0, axis)),
    features: shape[axis],
    inner: product(shape.slice(axis + 1)),
    epsilon: epsilon ?? 1e-12,
  };
}

// Sums of at most 1000 squares; division and square root of WGSL are good to a few 1e-7.
const tolerance = { absolute: 2e-6, relative: 2e-6 };

testKernel(normalizeForward, {
  cases: cases.map((c) => ({
    name: c.name,
    inputs: { x: inputOf(c) },
    attributes: attributesOf(c),
  })),
  reference: ({ x }, attributes) => reference.normalize(x.data, sizesOf(x, attributes)),
  tolerance,
});

const backwardCases = cases.filter(({ scale = 1 }) => scale < 1e20);

testKernel(normalizeBackward, {
  cases: backwardCases.map((c) => {
    const x = inputOf(c);
    const { y, norm } = reference.normalize(x.data, sizesOf(x, attributesOf(c)));
    const { axis = c.shape.length - 1 } = c;
    return {
      name: c.name,
      inputs: {
        y: tensor(c.shape, y),
        norm: tensor(
          c.shape.filter((_, i) => i !== axis),
          norm,
        ),
        dy: tensor(c.shape, 2),
      },
      attributes: attributesOf(c),
    };
  }),
  reference: ({ y, norm, dy }, attributes) => {
    const sizes = sizesOf(y, attributes);
    const { features, inner, epsilon } = sizes;
    const rowOf = (i: number) => Math.floor(i / inner / features) * inner + (i % inner);
    const x = Float64Array.from(y.data, (v, i) => v * Math.max(norm.data[rowOf(i)], epsilon));
    return { dx: reference.normalizeGradient(x, dy.data, sizes) };
  },
  // y is float32: its part along dy is off by a few 1e-7 of dy, over the norm.
  noInfinity: ['y', 'norm'],
  tolerance: { absolute: 1e-5, relative: 1e-5 },
});

testGradient('normalize', {
  cases: cases
    .filter(({ name, scale = 1 }) => scale <= 1 && scale > 1e-3 && name !== 'one of everything')
    .map((c) => ({ name: c.name, inputs: { x: inputOf(c) }, attributes: attributesOf(c) })),
  forward: ({ x }, attributes) => reference.normalize(x.data, sizesOf(x, attributes)).y,
  backward: ({ x }, dy, attributes) => ({
    x: reference.normalizeGradient(x.data, dy, sizesOf(x, attributes)),
  }),
  tolerance: 1e-5,
});
