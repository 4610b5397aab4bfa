import { FacegradError } from '../gpu/errors';
import backwardShader from '../../shaders/dense/backward.wgsl';
import activationShader from '../../shaders/dense/backward_activation.wgsl';
import forwardShader from '../../shaders/dense/forward.wgsl';
import { dropoutParams, type DropoutAttributes } from './dropout';
import type { Product } from './gemm';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

/** What is done with the sum before it is stored. */
export interface DenseAttributes {
  /** max(0, the sum). */
  relu?: boolean;
  /** Of what ReLU lets through; `step` has the seed and the step's number. */
  dropout?: DropoutAttributes;
  /** y is [N, G, M]: the groups' features of a sample stand together. */
  sideBySide?: boolean;
}

interface Extents {
  groups: number;
  rows: number;
  in_features: number;
  out_features: number;
}

/** Workgroups for a matrix [rows, columns] in tiles of so many, a thread each. */
function tiles(matrix: [number, number], tile: [number, number]): number {
  return Math.ceil((Math.ceil(matrix[0] / tile[0]) * Math.ceil(matrix[1] / tile[1])) / 64);
}

/**
 * The weight is [M, K] or [G, M, K]. The features of x are its trailing axes whose product is K (a
 * dense [G, N, C, H, W] needs no flattening), the axes before them, but for G, its rows.
 */
const extents = (x: TensorSpec, weight: TensorSpec) => extentsOf(weight, size(x.shape), 'in');

const backwardExtents = (dy: TensorSpec, weight: TensorSpec) =>
  extentsOf(weight, size(dy.shape), 'out');

function extentsOf({ shape }: TensorSpec, elements: number, of: 'in' | 'out'): Extents {
  const [out_features, in_features] = shape.slice(-2);
  const groups = shape.length === 3 ? shape[0] : 1;
  const rows = elements / groups / (of === 'in' ? in_features : out_features);
  return { groups, rows, in_features, out_features };
}

function leadingAxes({ shape, layout }: TensorSpec, weight: TensorSpec): readonly number[] {
  const features = weight.shape[weight.shape.length - 1];
  let axis = shape.length - 1; // one axis at least, also for a single feature
  while (axis > 0 && size(shape.slice(axis)) < features) axis--;
  if (size(shape.slice(axis)) !== features || layout?.border) {
    throw new FacegradError(
      'bad-input',
      `dense: the rows of x [${shape}] do not have ${features} features`,
      {
        operation: 'dense.forward',
        wanted: features,
        available: shape,
      },
    );
  }
  if (weight.shape.length === 3 && shape[0] !== weight.shape[0]) {
    throw new FacegradError(
      'bad-input',
      `dense: x [${shape}] does not fit weight [${weight.shape}]`,
      {
        operation: 'dense.forward',
        wanted: weight.shape[0],
        available: shape[0],
      },
    );
  }
  return shape.slice(0, axis);
}

/** `denseForward`, without dropout, as a product: rows of x by rows of the weight. */
export function denseProduct(
  x: TensorSpec,
  weight: TensorSpec,
  { sideBySide, relu, addends }: DenseAttributes & { addends?: 0 | 1 | 2 },
): Product {
  const axes = leadingAxes(x, weight);
  const { groups, rows, in_features: K, out_features: M } = extents(x, weight);
  return {
    shape: sideBySide ? [rows, groups * M] : [...axes, M],
    ...{ batch: groups, m: rows, k: K, n: M },
    a: [rows * K, K, 1],
    b: [M * K, 1, K],
    c: [M, 0, 1],
    y: sideBySide ? [M, groups * M] : [rows * M, M],
    ...{ relu, addends },
  };
}

/** dx, of x's shape, as a product: dy by the weight. */
export function denseInputProduct(x: TensorSpec, weight: TensorSpec, dy: TensorSpec): Product {
  const { groups, rows, in_features: K, out_features: M } = backwardExtents(dy, weight);
  return {
    shape: x.shape,
    ...{ batch: groups, m: rows, k: M, n: K },
    a: [rows * M, M, 1],
    b: [M * K, K, 1],
    y: [rows * K, K],
  };
}

/** dweight as a product: dy, transposed, by x. */
export function denseWeightProduct(weight: TensorSpec, dy: TensorSpec): Product {
  const { groups, rows, in_features: K, out_features: M } = backwardExtents(dy, weight);
  return {
    shape: weight.shape,
    ...{ batch: groups, m: M, k: rows, n: K },
    a: [rows * M, 1, M],
    b: [rows * K, K, 1],
    y: [M * K, K],
  };
}

type ForwardInput = 'x' | 'weight' | 'bias' | 'second_bias' | 'step';

/**
 * y = x weight^T + bias: x [G, N, K], weight [G, M, K], bias [G, M] -> y [G, N, M]. Of `biases` (default 1) less than 2
 * what is left over may be any buffer, and so may `step` without dropout.
 */
export const denseForward = defineKernel({
  name: 'dense.forward',
  shader: forwardShader,
  outputs: (
    { x, weight }: Record<ForwardInput, TensorSpec>,
    { sideBySide }: DenseAttributes & { biases?: 0 | 1 | 2 },
  ) => {
    const axes = leadingAxes(x, weight);
    const M = weight.shape[weight.shape.length - 2];
    if (!sideBySide) return { y: f32([...axes, M]) };
    const { groups, rows } = extents(x, weight);
    return { y: f32([rows, groups * M]) };
  },
  params: ({ x, weight }, { dropout }) => {
    const { stream, threshold, scale } = dropoutParams(dropout ?? { rate: 0, stream: 0 });
    return { ...extents(x, weight), stream, threshold, scale };
  },
  overrides: (_, { relu, dropout, sideBySide, biases = 1 }) => ({
    RELU: Number(relu ?? false),
    DROPOUT: Number(dropout !== undefined),
    SIDE_BY_SIDE: Number(sideBySide ?? false),
    BIASES: biases,
  }),
  workgroups: ({ x, weight }) => {
    const { groups, rows, out_features } = extents(x, weight);
    return [tiles([rows, out_features], [4, 4]), 1, groups];
  },
  flops: ({ x, weight }) => 2 * size(x.shape) * weight.shape[weight.shape.length - 2],
});

/** dz [G, N, M], the gradient of the sum, from y and the gradient dy of what is made of it. */
export const denseBackwardActivation = defineKernel({
  name: 'dense.backward_activation',
  shader: activationShader,
  outputs: (
    _: Record<'y' | 'dy', TensorSpec>,
    { shape }: DenseAttributes & { shape: readonly number[] },
  ) => ({ dz: f32(shape) }),
  params: (_, { dropout, shape }) => ({
    groups: shape[0],
    rows: size(shape) / shape[0] / shape[shape.length - 1],
    out_features: shape[shape.length - 1],
    scale: dropoutParams(dropout ?? { rate: 0, stream: 0 }).scale,
  }),
  overrides: (_, { relu, sideBySide }) => ({
    RELU: Number(relu ?? false),
    SIDE_BY_SIDE: Number(sideBySide ?? false),
  }),
  workgroups: ({ y }) => linear(size(y.shape), 64),
  flops: ({ y }) => size(y.shape),
});

/** Which gradients are wanted; a place for the others is a single number that nothing is written to. */
export interface DenseGradients {
  input: boolean;
  weight: boolean;
  bias: boolean;
}

/** dx = dy weight, dweight = dy^T x and dbias = column sums of dy, of the shapes of x, weight and bias. */
export const denseBackward = defineKernel({
  name: 'dense.backward',
  shader: backwardShader,
  outputs: (
    { x, weight }: Record<'x' | 'weight' | 'dy', TensorSpec>,
    { input, weight: ofWeight, bias }: DenseGradients,
  ) => {
    const unless = (wanted: boolean, shape: readonly number[]) => f32(wanted ? shape : [1]);
    return {
      dx: unless(input, x.shape),
      dweight: unless(ofWeight, weight.shape),
      dbias: unless(bias, weight.shape.slice(0, -1)),
    };
  },
  params: ({ dy, weight }, wanted) => {
    const { rows, in_features, out_features } = backwardExtents(dy, weight);
    const [weight_workgroups, input_workgroups] = backwardWorkgroups(dy, weight, wanted);
    return { rows, in_features, out_features, weight_workgroups, input_workgroups };
  },
  workgroups: ({ dy, weight }, wanted) => {
    const all = backwardWorkgroups(dy, weight, wanted).reduce((sum, count) => sum + count);
    return [all, 1, backwardExtents(dy, weight).groups];
  },
  flops: ({ dy, weight: { shape } }, { input, weight }) =>
    2 * size(dy.shape) * shape[shape.length - 1] * (Number(weight) + Number(input)),
});

/** For dweight, dx and dbias; none for what is not wanted. */
function backwardWorkgroups(
  dy: TensorSpec,
  weight: TensorSpec,
  wanted: DenseGradients,
): [number, number, number] {
  const { rows, in_features, out_features } = backwardExtents(dy, weight);
  return [
    wanted.weight ? tiles([out_features, in_features], [8, 8]) : 0,
    wanted.input ? tiles([rows, in_features], [8, 4]) : 0,
    wanted.bias ? Math.ceil(out_features / 64) : 0,
  ];
}
