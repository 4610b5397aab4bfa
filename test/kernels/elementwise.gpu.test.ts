import {
  BINARY,
  binaryForward,
  UNARY,
  unaryBackward,
  unaryForward,
  type Unary,
} from '../../src/kernels/elementwise';
import * as reference from '../../src/kernels/reference/elementwise';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

// exp, log and pow may be wrong by some units in the last place, of results up to exp(4).
const tolerance = { absolute: 3e-6, relative: 8e-6 };

const POSITIVE: Unary[] = ['log', 'sqrt', 'reciprocal'];
/** Numbers from -4 to 4 without 0, or from 0.1 on for functions that need it. */
const numbers = (operation: Unary, shape: number[], seed: number) => {
  const { data } = tensor(shape, seed, { scale: 4 });
  const positive = POSITIVE.includes(operation);
  return tensor(
    shape,
    Array.from(data as Float64Array, (v) => {
      if (operation === 'tan') return v * 0.35; // its poles are at 1.57
      return positive ? Math.abs(v) + 0.1 : v;
    }),
  );
};
const attributesOf = (operation: Unary) => ({
  operation,
  alpha: operation === 'clip' ? -0.75 : 0.25,
  beta: 0.5,
});

testKernel(unaryForward, {
  cases: [
    ...UNARY.flatMap((operation, i) =>
      [[1], [7, 11], [65]].map((shape) => ({
        name: `${operation} [${shape}]`,
        inputs: { x: numbers(operation, shape, i + 1) },
        attributes: attributesOf(operation),
      })),
    ),
    ...(['tanh', 'elu', 'sigmoid', 'softplus'] as const).map((operation) => ({
      name: `${operation} near 0 and far from it`,
      inputs: { x: tensor([10], [0, 1e-6, -1e-3, 0.05, 0.19, 0.21, -0.2, 30, -30, 80]) },
      attributes: { operation, alpha: 1 },
    })),
    {
      name: 'angles far away',
      inputs: { x: tensor([6], [100, -1000, 3.1415927, 1.5707964, 12345.678, -0.7853982]) },
      attributes: { operation: 'sin' as const },
    },
    {
      name: 'where erf changes its formula, and far out',
      inputs: { x: tensor([7], [0.927, 0.928, -0.928, 3, -6, 20, 1e-20]) },
      attributes: { operation: 'erf' as const },
    },
    {
      name: 'a NaN stays one',
      inputs: { x: tensor([3], [NaN, 1, -1]) },
      attributes: { operation: 'relu' as const },
    },
    {
      name: 'without an upper bound',
      inputs: { x: tensor([3], [-5, 0.5, 1e30]) },
      attributes: { operation: 'clip' as const, alpha: 0, beta: Infinity },
    },
  ],
  reference: ({ x }, { operation, alpha, beta }) => ({
    y: reference.unary(operation, x.data, alpha, beta),
  }),
  tolerance,
});

testKernel(unaryBackward, {
  cases: UNARY.flatMap((operation, i) =>
    [[1], [9, 8]].map((shape) => {
      const x = numbers(operation, shape, i + 1);
      const { alpha, beta } = attributesOf(operation);
      return {
        name: `${operation} [${shape}]`,
        inputs: {
          x,
          y: tensor(shape, reference.unary(operation, x.data, alpha, beta)),
          dy: tensor(shape, 5),
        },
        attributes: attributesOf(operation),
      };
    }),
  ),
  reference: ({ x, dy }, { operation, alpha, beta }) => ({
    dx: reference.unaryBackward(operation, x.data, dy.data, alpha, beta),
  }),
  derived: ({ x }, { operation, alpha, beta }) => ({
    y: reference.unary(operation, x.data, alpha, beta),
  }),
  tolerance: { absolute: 1e-5, relative: 2e-5 },
});

const OPERANDS: [number[], number[]][] = [
  [[1], [1]],
  [
    [3, 4],
    [3, 4],
  ],
  [[3, 4], [4]],
  [[3, 4], []],
  [
    [3, 1],
    [1, 4],
  ],
  [
    [2, 3, 4, 5],
    [3, 1, 1],
  ],
  [
    [2, 1, 3, 1, 2],
    [2, 1, 2, 1],
  ],
  [[1, 1, 1, 1, 1, 1, 7], [7]],
  [[70], [70]],
];

testKernel(binaryForward, {
  cases: [
    ...BINARY.flatMap((operation, k) =>
      OPERANDS.map(([a, b], i) => {
        const positive = operation.startsWith('pow') || operation === 'div';
        const some = (shape: number[], seed: number) => {
          const { data } = tensor(shape, seed, { scale: 3 });
          return tensor(
            shape,
            Array.from(data as Float64Array, (v) => (positive ? Math.abs(v) + 0.2 : v)),
          );
        };
        return {
          name: `${operation} [${a}] [${b}]`,
          inputs: { a: some(a, i + k), b: some(b, i + k + 7) },
          attributes: { operation },
        };
      }),
    ),
    {
      name: 'powers of negative numbers and of 0',
      inputs: {
        a: tensor([8], [-2, -2, -3, 0, 0, -1.5, 4, -1]),
        b: tensor([8], [3, 2, 1, 2, 0, 4, 0.5, -3]),
      },
      attributes: { operation: 'pow' as const },
    },
    {
      name: 'slope of powers at 0',
      inputs: { a: tensor([6], [0, 0, 0, 0, 2, -3]), b: tensor([6], [0, 1, 2, 1.5, 0, 3]) },
      attributes: { operation: 'pow_slope_a' as const },
    },
    {
      name: 'slope of powers of 0 by the exponent',
      inputs: { a: tensor([4], [0, 0, 0, 2]), b: tensor([4], [0, 1, 2.5, 0]) },
      attributes: { operation: 'pow_slope_b' as const },
    },
    {
      name: 'ties',
      inputs: { a: tensor([4], [1, 2, 3, -0]), b: tensor([4], [1, 3, 2, 0]) },
      attributes: { operation: 'maximum' as const },
    },
  ],
  reference: ({ a, b }, { operation }) => ({
    y: reference.binary(operation, a.data, a.shape, b.data, b.shape).y,
  }),
  tolerance,
});

testGradient('elementwise, one operand', {
  cases: UNARY.map((operation, i) => ({
    name: operation,
    inputs: { x: numbers(operation, [3, 4], i + 2) },
    attributes: attributesOf(operation),
  })),
  forward: ({ x }, { operation, alpha, beta }) => reference.unary(operation, x.data, alpha, beta),
  backward: ({ x }, dy, { operation, alpha, beta }) => ({
    x: reference.unaryBackward(operation, x.data, dy, alpha, beta),
  }),
});

testGradient('elementwise, two operands', {
  cases: Object.keys(reference.BINARY).map((operation, i) => ({
    name: operation,
    inputs: {
      a: tensor(
        [3, 1, 2],
        Array.from(tensor([6], i + 1).data as Float64Array, (v) => v + 2),
      ),
      b: tensor(
        [4, 2],
        Array.from(tensor([8], i + 2).data as Float64Array, (v) => v + 2.1),
      ),
    },
    attributes: operation,
  })),
  forward: ({ a, b }, operation) => reference.binary(operation, a.data, a.shape, b.data, b.shape).y,
  backward: ({ a, b }, dy, operation) => {
    const { da, db } = reference.binaryBackward(operation, a.data, a.shape, b.data, b.shape, dy);
    return { a: da, b: db };
  },
});
