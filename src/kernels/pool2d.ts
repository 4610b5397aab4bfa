import avgBackwardShader from '../../shaders/pool2d/avg_backward.wgsl';
import avgForwardShader from '../../shaders/pool2d/avg_forward.wgsl';
import maxBackwardShader from '../../shaders/pool2d/max_backward.wgsl';
import maxForwardShader from '../../shaders/pool2d/max_forward.wgsl';
import { defineKernel, f32, linear, size, u32, type TensorSpec } from './kernel';
import type { Window } from './window';

type Shape = readonly number[];

export interface PoolAttributes {
  window: Window;
  /** Of the result. */
  shape: Shape;
}

export interface AvgPoolAttributes extends PoolAttributes {
  /** Zeros around the image count as elements. */
  includePad: boolean;
  /** What sums are divided by, whatever they have; 0: the number of elements. */
  divisor: number;
}

function params(x: Shape, y: Shape, { kernel, stride, dilation, before }: Window) {
  const [height, width] = x.slice(-2);
  const [y_height, y_width] = y.slice(-2);
  return {
    height,
    width,
    y_height,
    y_width,
    kernel_y: kernel[0],
    kernel_x: kernel[1],
    stride_y: stride[0],
    stride_x: stride[1],
    dilation_y: dilation[0],
    dilation_x: dilation[1],
    top: before[0],
    left: before[1],
  };
}

const averaging = ({ window, includePad, divisor }: AvgPoolAttributes) => ({
  bottom: window.after[0],
  right: window.after[1],
  include_pad: includePad ? 1 : 0,
  divisor,
});

const flops = (y: Shape, { kernel }: Window) => size(y) * size(kernel);

/** x [..., H, W] -> y, the maximum of each window, and its place in the (H, W) plane. */
export const maxPool2dForward = defineKernel({
  name: 'max_pool2d.forward',
  shader: maxForwardShader,
  outputs: (_: Record<'x', TensorSpec>, { shape }: PoolAttributes) => ({
    y: f32(shape),
    indices: u32(shape),
  }),
  params: ({ x }, { shape, window }) => ({
    length: size(shape),
    ...params(x.shape, shape, window),
  }),
  workgroups: (_, { shape }) => linear(size(shape), 64),
  flops: (_, { shape, window }) => flops(shape, window),
});

/** dy and the places -> dx of shape `input`. */
export const maxPool2dBackward = defineKernel({
  name: 'max_pool2d.backward',
  shader: maxBackwardShader,
  outputs: (
    _: Record<'indices' | 'dy', TensorSpec>,
    { input }: PoolAttributes & { input: Shape },
  ) => ({ dx: f32(input) }),
  params: ({ dy }, { input, window }) => ({
    length: size(input),
    ...params(input, dy.shape, window),
  }),
  workgroups: (_, { input }) => linear(size(input), 64),
  flops: ({ dy }, { window }) => flops(dy.shape, window),
});

/** x [..., H, W] -> y, the mean of each window. */
export const avgPool2dForward = defineKernel({
  name: 'avg_pool2d.forward',
  shader: avgForwardShader,
  outputs: (_: Record<'x', TensorSpec>, { shape }: AvgPoolAttributes) => ({ y: f32(shape) }),
  params: ({ x }, attributes) => ({
    length: size(attributes.shape),
    ...params(x.shape, attributes.shape, attributes.window),
    ...averaging(attributes),
  }),
  workgroups: (_, { shape }) => linear(size(shape), 64),
  flops: (_, { shape, window }) => flops(shape, window),
});

/** dy -> dx of shape `input`. */
export const avgPool2dBackward = defineKernel({
  name: 'avg_pool2d.backward',
  shader: avgBackwardShader,
  outputs: (_: Record<'dy', TensorSpec>, { input }: AvgPoolAttributes & { input: Shape }) => ({
    dx: f32(input),
  }),
  params: ({ dy }, { input, ...attributes }) => ({
    length: size(input),
    ...params(input, dy.shape, attributes.window),
    ...averaging(attributes),
  }),
  workgroups: (_, { input }) => linear(size(input), 64),
  flops: ({ dy }, { window }) => flops(dy.shape, window),
});
