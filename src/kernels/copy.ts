import axisShader from '../../shaders/copy/axis.wgsl';
import axisBackwardShader from '../../shaders/copy/axis_backward.wgsl';
import fillShader from '../../shaders/copy/fill.wgsl';
import layoutShader from '../../shaders/copy/layout.wgsl';
import placeShader from '../../shaders/copy/place.wgsl';
import stridedShader from '../../shaders/copy/strided.wgsl';
import { FacegradError } from '../gpu/errors';
import {
  defineKernel,
  f32,
  layoutOf,
  linear,
  size,
  storageSize,
  type DType,
  type Layout,
  type TensorSpec,
} from './kernel';

/** What lies beyond an end of an axis: one value; the end repeated; mirrored at it; the axis again. */
export const PAD_MODES = ['constant', 'edge', 'reflect', 'wrap'] as const;
export type PadMode = (typeof PAD_MODES)[number];

/** y's element l is x's (l * step + begin) / every along `axis`, where there is one. */
export interface AxisAttributes {
  axis: number;
  /** Of y, along the axis. */
  length: number;
  begin: number;
  step?: number;
  every?: number;
  mode?: PadMode;
  /** Where there is none, with mode 'constant'. */
  value?: number;
}

/** The bits of a number of this type. */
function bitsOf(value: number, dtype: DType): number {
  if (dtype !== 'f32') return value >>> 0;
  return new Uint32Array(Float32Array.of(value).buffer)[0];
}

const along = (shape: readonly number[], axis: number, length: number) =>
  shape.map((extent, i) => (i === axis ? length : extent));

/** Elements along one axis: a slice, zeros or repetitions around, and the gradients of slices and zeros. */
export const copyAxis = defineKernel({
  name: 'copy.axis',
  shader: axisShader,
  outputs: ({ x }: Record<'x', TensorSpec>, { axis, length }: AxisAttributes) => ({
    y: { shape: along(x.shape, axis, length), dtype: x.dtype },
  }),
  params: ({ x }, { axis, length, begin, step = 1, every = 1, mode = 'constant', value = 0 }) => ({
    length: size(along(x.shape, axis, length)),
    extent: x.shape[axis],
    y_extent: length,
    inner: size(x.shape.slice(axis + 1)),
    step,
    begin,
    every,
    mode: PAD_MODES.indexOf(mode),
    bits: bitsOf(value, x.dtype),
  }),
  workgroups: ({ x }, { axis, length }) => linear(size(along(x.shape, axis, length)), 64),
});

/** The gradient of `copyAxis` in the modes that repeat elements; step and every are 1. */
export const copyAxisBackward = defineKernel({
  name: 'copy.axis_backward',
  shader: axisBackwardShader,
  outputs: (
    _: Record<'dy', TensorSpec>,
    { shape }: AxisAttributes & { shape: readonly number[] },
  ) => ({ dx: f32(shape) }),
  params: (_, { shape, axis, length, begin, mode = 'constant' }) => ({
    length: size(shape),
    extent: shape[axis],
    y_extent: length,
    inner: size(shape.slice(axis + 1)),
    begin,
    mode: PAD_MODES.indexOf(mode),
  }),
  workgroups: (_, { shape }) => linear(size(shape), 64),
});

/** Axes that kernels with strides have. */
const AXES = 5;

/**
 * Extents and the strides of some tensors with axes of one element dropped and axes that lie behind each other in all of
 * them merged; then filled up to five.
 */
export function mergeAxes(
  name: string,
  shape: readonly number[],
  ...strides: (readonly number[])[]
): { extents: number[]; strides: number[][] } {
  const extents: number[] = [];
  const merged: number[][] = strides.map(() => []);
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = extents.length - 1;
    if (last >= 0 && strides.every((s, i) => merged[i][last] === s[axis] * extent)) {
      extents[last] *= extent;
      merged.forEach((s, i) => (s[last] = strides[i][axis]));
    } else {
      extents.push(extent);
      merged.forEach((s, i) => s.push(strides[i][axis]));
    }
  });
  const missing = AXES - extents.length;
  if (missing < 0) {
    throw new FacegradError(
      'unsupported',
      `${name}: [${shape}] has more than ${AXES} axes that cannot be merged`,
      {
        operation: name,
        wanted: extents.length,
        available: AXES,
      },
    );
  }
  const fill = (values: number[], value: number) => [...new Array(missing).fill(value), ...values];
  return { extents: fill(extents, 1), strides: merged.map((s) => fill(s, 0)) };
}

/** Elements from one index to the next, by axis, of a dense tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => size(shape.slice(axis + 1)));
}

/** Strides with which a tensor is read as `target`: 0 along axes in which it has one element, or none. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(shape);
  return target.map((_, axis) => {
    const own = axis - (target.length - shape.length);
    return own < 0 || shape[own] === 1 ? 0 : strides[own];
  });
}

/** Shape of what comes out, and where along each of its axes x's elements lie. */
export interface StridedAttributes {
  shape: readonly number[];
  strides: readonly number[];
}

/** All elements as they are. */
export const sameOrder = (shape: readonly number[]): StridedAttributes => ({
  shape,
  strides: stridesOf(shape),
});

/** x with its axes in another order or repeated. */
export const copyStrided = defineKernel({
  name: 'copy.strided',
  shader: stridedShader,
  outputs: ({ x }: Record<'x', TensorSpec>, { shape }: StridedAttributes) => ({
    y: { shape, dtype: x.dtype },
  }),
  params: (_, { shape, strides: given }) => {
    const { extents, strides } = mergeAxes('copy', shape, given);
    const named = (name: string, values: number[]) =>
      values.map((value, i) => [`${name}${i}`, value] as const);
    return Object.fromEntries([
      ['length', size(shape)],
      ...named('extent', extents).slice(1),
      ...named('stride', strides[0]),
    ]) as Record<string, number>;
  },
  workgroups: (_, { shape }) => linear(size(shape), 64),
});

/** x [..., H, W] in another physical layout; dense where it is left out. */
export const copyLayout = defineKernel({
  name: 'copy.layout',
  shader: layoutShader,
  outputs: ({ x: { shape, dtype } }: Record<'x', TensorSpec>, { layout }: { layout?: Layout }) => ({
    y: { shape, dtype, layout },
  }),
  params: ({ x }, { layout }) => {
    const [height, width] = x.shape.slice(-2);
    const [from, to] = [layoutOf(x), layoutOf({ ...x, layout })];
    return {
      length: storageSize({ ...x, layout }),
      height,
      width,
      x_border: from.border,
      x_row_stride: from.rowStride,
      y_border: to.border,
      y_row_stride: to.rowStride,
    };
  },
  workgroups: ({ x }, { layout }) => linear(storageSize({ ...x, layout }), 64),
});

/** x as a part of y (given, or made with the rest open), from `begin` on along one axis. */
export const copyPlace = defineKernel({
  name: 'copy.place',
  shader: placeShader,
  outputs: (
    { x }: Record<'x', TensorSpec>,
    { axis, length }: { axis: number; length: number; begin: number },
  ) => ({ y: { shape: along(x.shape, axis, length), dtype: x.dtype } }),
  params: ({ x }, { axis, length, begin }) => ({
    length: size(x.shape),
    extent: x.shape[axis],
    y_extent: length,
    inner: size(x.shape.slice(axis + 1)),
    begin,
  }),
  workgroups: ({ x }) => linear(size(x.shape), 64),
});

/** y = one value. */
export const fill = defineKernel({
  name: 'copy.fill',
  shader: fillShader,
  outputs: (_: object, { shape }: { shape: readonly number[]; value: number }) => ({
    y: f32(shape),
  }),
  params: (_, { shape, value }) => ({ length: size(shape), value }),
  workgroups: (_, { shape }) => linear(size(shape), 64),
});
