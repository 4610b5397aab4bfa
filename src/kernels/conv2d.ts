import backwardInputShader from '../../shaders/conv2d/backward_input.wgsl';
import backwardWeightShader from '../../shaders/conv2d/backward_weight.wgsl';
import forwardShader from '../../shaders/conv2d/forward.wgsl';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';
import { lanes } from './reduce';
import type { Window } from './window';

/** Everything about a convolution that the shapes of two of its three tensors do not say. */
export interface ConvAttributes {
  window: Window;
  groups: number;
  /** Whether the third input is a bias; something must be bound in any case. */
  hasBias?: boolean;
}

type Shape = readonly number[];

/** x [N, C, H, W], y [N, O, OH, OW]: the fields that the three files share. */
function params(x: Shape, y: Shape, { window, groups }: ConvAttributes) {
  const [batch, channels, height, width] = x;
  return {
    batch,
    channels: channels / groups,
    height,
    width,
    groups,
    out_channels: y[1] / groups,
    y_height: y[2],
    y_width: y[3],
    kernel_y: window.kernel[0],
    kernel_x: window.kernel[1],
    stride_y: window.stride[0],
    stride_x: window.stride[1],
    dilation_y: window.dilation[0],
    dilation_x: window.dilation[1],
    top: window.before[0],
    left: window.before[1],
  };
}

/** A thread for each pixel and four channels of a group. */
function blocks([batch, channels, height, width]: Shape, groups: number) {
  return linear(batch * groups * Math.ceil(channels / groups / 4) * height * width, 64);
}

const flops = (y: Shape, weight: Shape) => 2 * size(y) * size(weight.slice(1));

/** y [N, O, OH, OW] of x [N, C, H, W], weight [O, C / groups, kh, kw] and bias [O]. */
export const conv2dForward = defineKernel({
  name: 'conv2d.forward',
  shader: forwardShader,
  outputs: (
    _: Record<'x' | 'weight' | 'bias', TensorSpec>,
    { shape }: ConvAttributes & { shape: Shape },
  ) => ({ y: f32(shape) }),
  params: ({ x }, { shape, ...conv }) => ({
    ...params(x.shape, shape, conv),
    has_bias: conv.hasBias ? 1 : 0,
  }),
  workgroups: (_, { shape, groups }) => blocks(shape, groups),
  flops: ({ weight }, { shape }) => flops(shape, weight.shape),
});

/** dx [N, C, H, W] of dy [N, O, OH, OW], weight [O, C / groups, kh, kw] and, for a transposed one, bias [C]. */
export const conv2dBackwardInput = defineKernel({
  name: 'conv2d.backward_input',
  shader: backwardInputShader,
  outputs: (
    _: Record<'dy' | 'weight' | 'bias', TensorSpec>,
    { shape }: ConvAttributes & { shape: Shape },
  ) => ({ dx: f32(shape) }),
  params: ({ dy }, { shape, ...conv }) => ({
    ...params(shape, dy.shape, conv),
    has_bias: conv.hasBias ? 1 : 0,
  }),
  workgroups: (_, { shape, groups }) => blocks(shape, groups),
  flops: ({ dy, weight }) => flops(dy.shape, weight.shape),
});

/** dweight [O, C / groups, kh, kw] of x [N, C, H, W] and dy [N, O, OH, OW]. */
export const conv2dBackwardWeight = defineKernel({
  name: 'conv2d.backward_weight',
  shader: backwardWeightShader,
  outputs: ({ x, dy }: Record<'x' | 'dy', TensorSpec>, { window, groups }: ConvAttributes) => ({
    dweight: f32([dy.shape[1], x.shape[1] / groups, ...window.kernel]),
  }),
  params: ({ x, dy }, conv) => params(x.shape, dy.shape, conv),
  overrides: ({ dy }) => ({ LANES: lanes(1, size(dy.shape) / dy.shape[1]).LANES }),
  workgroups: ({ x, dy }, { window, groups }) => {
    const weights = (size(window.kernel) * dy.shape[1] * x.shape[1]) / groups;
    return lanes(weights, size(dy.shape) / dy.shape[1]).workgroups;
  },
  flops: ({ x, dy }, { window, groups }) =>
    (2 * size(dy.shape) * x.shape[1] * size(window.kernel)) / groups,
});
