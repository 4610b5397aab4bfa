import backwardShader from '../../shaders/max_pool/backward.wgsl';
import backward2x2Shader from '../../shaders/max_pool/backward_2x2.wgsl';
import forwardShader from '../../shaders/max_pool/forward.wgsl';
import forward2x2Shader from '../../shaders/max_pool/forward_2x2.wgsl';
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
    throw new FacegradError(
      'bad-input',
      `max_pool: a window of ${window} does not fit in [${shape}]`,
      {
        wanted: attributes,
        available: shape,
      },
    );
  }
  return [...shape.slice(0, -2), height, width];
}

function overrides({ window, stride = window, padding = 0 }: MaxPoolAttributes) {
  return { WINDOW: window, STRIDE: stride, PADDING: padding };
}

type Gradient = MaxPoolAttributes & { shape: readonly number[] };

const outputs = ({ x }: Record<'x', TensorSpec>, attributes: MaxPoolAttributes) => {
  const shape = pooled(x.shape, attributes);
  return { y: f32(shape, attributes.layout), indices: u32(shape) };
};

const params = ({ x }: Record<'x', TensorSpec>, attributes: MaxPoolAttributes) => {
  const [height, width] = x.shape.slice(-2);
  const { y } = outputs({ x }, attributes);
  const [y_height, y_width] = y.shape.slice(-2);
  const from = layoutOf(x);
  const to = layoutOf(y);
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
};

const gradientParams = ({ dy }: Record<'dy', TensorSpec>, { shape, layout }: Gradient) => {
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
};

/** x [..., H, W] -> y, the maximum of each window, and its place in the (H, W) plane. */
export const maxPoolForward = defineKernel({
  name: 'max_pool.forward',
  shader: forwardShader,
  outputs,
  params,
  overrides: (_inputs, attributes) => overrides(attributes),
  workgroups: ({ x }, attributes) => linear(storageSize(outputs({ x }, attributes).y), 64),
  flops: ({ x }, attributes) => size(pooled(x.shape, attributes)) * attributes.window ** 2,
});

/** dy and the winners' places -> dx, of x's shape and the given layout. */
export const maxPoolBackward = defineKernel({
  name: 'max_pool.backward',
  shader: backwardShader,
  outputs: ({ dy }: Record<'indices' | 'dy', TensorSpec>, { shape, layout }: Gradient) => ({
    dx: { ...dy, shape, layout },
  }),
  params: gradientParams,
  overrides: (_inputs, attributes) => overrides(attributes),
  workgroups: (_inputs, { shape, layout }) => linear(storageSize(f32(shape, layout)), 64),
  flops: (_inputs, { shape }) => size(shape),
});

/** Whether windows are 2x2 side by side, for which there are kernels of their own. */
export const isPool2x2 = ({ window, stride = window, padding = 0 }: MaxPoolAttributes) =>
  window === 2 && stride === 2 && padding === 0;

/** `maxPoolForward` for 2x2 windows: 4 elements a thread. */
export const maxPoolForward2x2 = defineKernel({
  name: 'max_pool.forward_2x2',
  shader: forward2x2Shader,
  outputs,
  params,
  workgroups: ({ x }, attributes) => {
    const { planes, y_height, y_border, y_row_stride } = params({ x }, attributes);
    const lines = planes * (y_height + 2 * y_border);
    return linear(lines * Math.ceil(y_row_stride / 4), 64);
  },
  flops: ({ x }, attributes) => 4 * size(pooled(x.shape, attributes)),
});

/** `maxPoolBackward` for 2x2 windows and an even border of dx: 4 windows a thread. */
export const maxPoolBackward2x2 = defineKernel({
  name: 'max_pool.backward_2x2',
  shader: backward2x2Shader,
  outputs: ({ dy }: Record<'indices' | 'dy', TensorSpec>, { shape, layout }: Gradient) => ({
    dx: { ...dy, shape, layout },
  }),
  params: gradientParams,
  workgroups: (inputs, attributes) => {
    const { planes, height, dx_border, dx_row_stride } = gradientParams(inputs, attributes);
    const pairs = planes * Math.ceil((height + 2 * dx_border) / 2);
    return linear(pairs * Math.ceil(dx_row_stride / 8), 64);
  },
  flops: (_inputs, { shape }) => size(shape),
});
