import { FacegradError } from '../gpu/errors';
import backwardBiasShader from '../../shaders/dense/backward_bias.wgsl';
import backwardInputShader from '../../shaders/dense/backward_input.wgsl';
import backwardWeightShader from '../../shaders/dense/backward_weight.wgsl';
import forwardShader from '../../shaders/dense/forward.wgsl';
import { defineKernel, f32, size, type TensorSpec } from './kernel';

/** `relu` puts max(0, .) behind the sum. Without `hasBias` (default true) `bias` may be any buffer. */
export type DenseAttributes = { relu?: boolean; hasBias?: boolean } | undefined;

interface Extents {
  groups: number;
  rows: number;
  in_features: number;
  out_features: number;
}

/** Workgroups for a matrix [rows, columns] in tiles of so many, a thread each, once per group. */
function tiles(
  matrix: [number, number],
  tile: [number, number],
  groups: number,
): [number, number, number] {
  const threads = Math.ceil(matrix[0] / tile[0]) * Math.ceil(matrix[1] / tile[1]);
  return [Math.ceil(threads / 64), 1, groups];
}

/**
 * The weight is [M, K] or [G, M, K]. The features of x are its trailing axes whose product is K (a
 * dense [G, N, C, H, W] needs no flattening), the axes before them, but for G, its rows.
 */
function extents(weight: readonly number[], elements: number, of: 'in' | 'out'): Extents {
  const [out_features, in_features] = weight.slice(-2);
  const groups = weight.length === 3 ? weight[0] : 1;
  const rows = elements / groups / (of === 'in' ? in_features : out_features);
  return { groups, rows, in_features, out_features };
}

function leadingAxes({ shape, layout }: TensorSpec, weight: TensorSpec): readonly number[] {
  const features = weight.shape[weight.shape.length - 1];
  let axis = shape.length - 1; // one axis at least, also for a single feature
  while (axis > 0 && size(shape.slice(axis)) < features) axis--;
  if (size(shape.slice(axis)) !== features || layout?.border) {
    throw new FacegradError('bad-input', `dense: x [${shape}] has no rows of ${features}`, {
      operation: 'dense.forward',
      wanted: features,
      available: shape,
    });
  }
  if (weight.shape.length === 3 && shape[0] !== weight.shape[0]) {
    throw new FacegradError('bad-input', `dense: x [${shape}] and weight [${weight.shape}]`, {
      operation: 'dense.forward',
      wanted: weight.shape[0],
      available: shape[0],
    });
  }
  return shape.slice(0, axis);
}

/** y = x weight^T + bias: x [G, N, K], weight [G, M, K], bias [G, M] -> y [G, N, M]. */
export const denseForward = defineKernel({
  name: 'dense.forward',
  shader: forwardShader,
  outputs: ({ x, weight }: Record<'x' | 'weight' | 'bias', TensorSpec>, _: DenseAttributes) => ({
    y: f32([...leadingAxes(x, weight), weight.shape[weight.shape.length - 2]]),
  }),
  params: ({ x, weight }) => {
    const { rows, in_features, out_features } = extents(weight.shape, size(x.shape), 'in');
    return { rows, in_features, out_features };
  },
  overrides: (_, attributes) => ({
    RELU: attributes?.relu ? 1 : 0,
    HAS_BIAS: Number(attributes?.hasBias ?? true),
  }),
  workgroups: ({ x, weight }) => {
    const { groups, rows, out_features } = extents(weight.shape, size(x.shape), 'in');
    return tiles([rows, out_features], [4, 4], groups);
  },
  flops: ({ x, weight }) => 2 * size(x.shape) * weight.shape[weight.shape.length - 2],
});

/** dx = dy weight, of x's shape. */
export const denseBackwardInput = defineKernel({
  name: 'dense.backward_input',
  shader: backwardInputShader,
  outputs: (_: Record<'dy' | 'weight', TensorSpec>, { shape }: { shape: readonly number[] }) => ({
    dx: f32(shape),
  }),
  params: ({ dy, weight }) => {
    const { rows, in_features, out_features } = extents(weight.shape, size(dy.shape), 'out');
    return { rows, in_features, out_features };
  },
  workgroups: ({ dy, weight }) => {
    const { groups, rows, in_features } = extents(weight.shape, size(dy.shape), 'out');
    return tiles([rows, in_features], [8, 4], groups);
  },
  flops: ({ dy, weight }) => 2 * size(dy.shape) * weight.shape[weight.shape.length - 1],
});

/** dweight = dy^T x, of the weight's shape. */
export const denseBackwardWeight = defineKernel({
  name: 'dense.backward_weight',
  shader: backwardWeightShader,
  outputs: (_: Record<'x' | 'dy', TensorSpec>, { shape }: { shape: readonly number[] }) => ({
    dweight: f32(shape),
  }),
  params: ({ x }, { shape }) => {
    const { rows, in_features, out_features } = extents(shape, size(x.shape), 'in');
    return { rows, in_features, out_features };
  },
  workgroups: ({ x }, { shape }) => {
    const { groups, in_features, out_features } = extents(shape, size(x.shape), 'in');
    return tiles([out_features, in_features], [8, 8], groups);
  },
  flops: ({ x }, { shape }) => 2 * size(x.shape) * shape[shape.length - 2],
});

/** dbias = column sums of dy, of the bias's shape. */
export const denseBackwardBias = defineKernel({
  name: 'dense.backward_bias',
  shader: backwardBiasShader,
  outputs: (_: Record<'dy', TensorSpec>, { shape }: { shape: readonly number[] }) => ({
    dbias: f32(shape),
  }),
  params: ({ dy }, { shape }) => ({
    groups: shape.length === 2 ? shape[0] : 1,
    rows: size(dy.shape) / size(shape),
    out_features: shape[shape.length - 1],
  }),
  workgroups: (_, { shape }) => [Math.ceil(size(shape) / 64), 1, 1],
  flops: ({ dy }) => size(dy.shape),
});
