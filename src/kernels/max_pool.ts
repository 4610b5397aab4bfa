import backwardShader from '../../shaders/max_pool/backward.wgsl';
import forwardShader from '../../shaders/max_pool/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import {
  defineKernel,
  f32,
  layoutOf,
  linear,
  size,
  storageSize,
  u32,
  type Layout,
  type TensorSpec,
} from './kernel';

export interface MaxPoolAttributes {
  /** Side of the window. */
  window: number;
  /** Rows and columns from one window to the next; the window's side by default. */
  stride?: number;
  /** Rows and columns outside of the plane that windows may begin in; at most half a window. */
  padding?: number;
  /** Physical layout of the result; dense by default. */
  layout?: Layout;
}

function pooled(shape: readonly number[], attributes: MaxPoolAttributes): number[] {
  const { window, stride = window, padding = 0 } = attributes;
  const extent = (length: number) => Math.floor((length + 2 * padding - window) / stride) + 1;
  const [height, width] = shape.slice(-2).map(extent);
  if (height < 1 || width < 1 || padding > window / 2) {
    throw new FacegradError('bad-input', `max_pool: window ${window} does not fit [${shape}]`, {
      wanted: attributes,
      available: shape,
    });
  }
  return [...shape.slice(0, -2), height, width];
}

function overrides({ window, stride = window, padding = 0 }: MaxPoolAttributes) {
  return { WINDOW: window, STRIDE: stride, PADDING: padding };
}

/** x [..., H, W] -> y, the maximum of each window, and its place in the (H, W) plane. */
export const maxPoolForward = defineKernel({
  name: 'max_pool.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>, attributes: MaxPoolAttributes) => {
    const shape = pooled(x.shape, attributes);
    return { y: f32(shape, attributes.layout), indices: u32(shape) };
  },
  params: ({ x }, attributes) => {
    const [height, width] = x.shape.slice(-2);
    const shape = pooled(x.shape, attributes);
    const [y_height, y_width] = shape.slice(-2);
    const from = layoutOf(x);
    const to = layoutOf(f32(shape, attributes.layout));
    return {
      planes: size(x.shape.slice(0, -2)),
      height,
      width,
      x_border: from.border,
      x_row_stride: from.rowStride,
      y_height,
      y_width,
      y_border: to.border,
      y_row_stride: to.rowStride,
    };
  },
  overrides: (_inputs, attributes) => overrides(attributes),
  workgroups: ({ x }, attributes) =>
    linear(storageSize(f32(pooled(x.shape, attributes), attributes.layout)), 64),
  flops: ({ x }, attributes) => size(pooled(x.shape, attributes)) * attributes.window ** 2,
});

/** dy and the winners' places -> dx, of x's shape and the given layout. */
export const maxPoolBackward = defineKernel({
  name: 'max_pool.backward',
  shader: backwardShader,
  outputs: (
    { dy }: Record<'indices' | 'dy', TensorSpec>,
    { shape, layout }: MaxPoolAttributes & { shape: readonly number[] },
  ) => ({ dx: { ...dy, shape, layout } }),
  params: ({ dy }, { shape, layout }) => {
    const [height, width] = shape.slice(-2);
    const [dy_height, dy_width] = dy.shape.slice(-2);
    const from = layoutOf(dy);
    const to = layoutOf(f32(shape, layout));
    return {
      planes: size(shape.slice(0, -2)),
      height,
      width,
      dx_border: to.border,
      dx_row_stride: to.rowStride,
      dy_height,
      dy_width,
      dy_border: from.border,
      dy_row_stride: from.rowStride,
    };
  },
  overrides: (_inputs, attributes) => overrides(attributes),
  workgroups: (_inputs, { shape, layout }) => linear(storageSize(f32(shape, layout)), 64),
  flops: (_inputs, { shape }) => size(shape),
});
