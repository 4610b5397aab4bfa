import binaryShader from '../../shaders/elementwise/binary.wgsl';
import unaryShader from '../../shaders/elementwise/unary.wgsl';
import unaryBackwardShader from '../../shaders/elementwise/unary_backward.wgsl';
import { FacegradError } from '../gpu/errors';
import { broadcastStrides, mergeAxes } from './copy';
import { defineKernel, f32, linear, size, storageSize, type TensorSpec } from './kernel';

/** In the order of the cases of shaders/elementwise/unary.wgsl. */
export const UNARY = [
  'neg',
  'abs',
  'exp',
  'log',
  'sqrt',
  'reciprocal',
  'square',
  'sigmoid',
  'tanh',
  'relu',
  'leaky_relu',
  'elu',
  'clip',
  'hard_sigmoid',
  'softplus',
  'softsign',
  'affine',
  'ceil',
  'floor',
  'sign',
  'sin',
  'cos',
  'tan',
  'erf',
  'gelu',
  'silu',
  'hard_swish',
  'celu',
] as const;
export type Unary = (typeof UNARY)[number];

/** In the order of the cases of shaders/elementwise/binary.wgsl. */
export const BINARY = [
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'pow',
  'maximum_share',
  'minimum_share',
  'prelu',
  'prelu_slope',
  'equal',
  'pow_slope_a',
  'pow_slope_b',
] as const;
export type Binary = (typeof BINARY)[number];

export interface UnaryAttributes {
  operation: Unary;
  alpha?: number;
  beta?: number;
}

const FLOAT_MAX = 3.4028234663852886e38;
/** A uniform cannot hold an infinity that WGSL promises to respect; the largest float does as well for bounds. */
const finite = (value: number) => Math.max(-FLOAT_MAX, Math.min(FLOAT_MAX, value));

const unaryParams = (x: TensorSpec, { operation, alpha = 0, beta = 0 }: UnaryAttributes) => ({
  length: storageSize(x),
  operation: UNARY.indexOf(operation),
  alpha: finite(alpha),
  beta: finite(beta),
});

/** y = f(x). */
export const unaryForward = defineKernel({
  name: 'elementwise.unary',
  shader: unaryShader,
  outputs: ({ x }: Record<'x', TensorSpec>, _: UnaryAttributes) => ({ y: x }),
  params: ({ x }, attributes) => unaryParams(x, attributes),
  workgroups: ({ x }) => linear(storageSize(x), 64),
  flops: ({ x }) => size(x.shape),
});

/** dx = dy f'(x). */
export const unaryBackward = defineKernel({
  name: 'elementwise.unary_backward',
  shader: unaryBackwardShader,
  outputs: ({ x }: Record<'x' | 'y' | 'dy', TensorSpec>, _: UnaryAttributes) => ({ dx: x }),
  params: ({ x }, attributes) => unaryParams(x, attributes),
  workgroups: ({ x }) => linear(storageSize(x), 64),
  flops: ({ x }) => size(x.shape),
});

/** The shape of two operands together, as NumPy and PyTorch repeat them. */
export function broadcastShape(
  name: string,
  a: readonly number[],
  b: readonly number[],
): readonly number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [m, n] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (m !== n && m !== 1 && n !== 1) {
      throw new FacegradError(
        'bad-input',
        `${name}: [${a}] and [${b}] cannot be broadcast together`,
        {
          operation: name,
          wanted: a,
          available: b,
        },
      );
    }
    return m === 1 ? n : m;
  });
}

/** y = f(a, b), repeated along axes in which one of them has one element. */
export const binaryForward = defineKernel({
  name: 'elementwise.binary',
  shader: binaryShader,
  outputs: ({ a, b }: Record<'a' | 'b', TensorSpec>, { operation }: { operation: Binary }) => ({
    y: f32(broadcastShape(operation, a.shape, b.shape)),
  }),
  params: ({ a, b }, { operation }) => {
    const shape = broadcastShape(operation, a.shape, b.shape);
    const { extents, strides } = mergeAxes(
      operation,
      shape,
      broadcastStrides(a.shape, shape),
      broadcastStrides(b.shape, shape),
    );
    const named = (name: string, values: number[]) =>
      values.map((value, i) => [`${name}${i}`, value] as const);
    return Object.fromEntries([
      ['length', size(shape)],
      ['operation', BINARY.indexOf(operation)],
      ...named('extent', extents).slice(1),
      ...named('a_stride', strides[0]),
      ...named('b_stride', strides[1]),
    ]) as Record<string, number>;
  },
  workgroups: ({ a, b }, { operation }) =>
    linear(size(broadcastShape(operation, a.shape, b.shape)), 64),
  flops: ({ a, b }, { operation }) => size(broadcastShape(operation, a.shape, b.shape)),
});
