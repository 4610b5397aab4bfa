import backwardInputPlainShader from '../../shaders/conv5x5/backward_input_plain.wgsl';
import backwardWeightPlainShader from '../../shaders/conv5x5/backward_weight_plain.wgsl';
import forwardPlainShader from '../../shaders/conv5x5/forward_plain.wgsl';
import {
  defineKernel,
  f32,
  layoutOf,
  linear,
  size,
  storageSize,
  type Layout,
  type TensorSpec,
} from './kernel';

/** Attribute of the kernels that write images: their physical layout, dense where it is left out. */
export interface ConvLayout {
  layout?: Layout;
}

/** Images like `like` [G,N,*,H,W], of another number of channels. */
function images(like: TensorSpec, channels: number, layout?: Layout): TensorSpec {
  const [G, N, , H, W] = like.shape;
  return f32([G, N, channels, H, W], layout);
}

/** Floating-point operations of one pass: 25 taps a pixel, input and output channel, border taps included. */
function flops(x: TensorSpec, outChannels: number): number {
  return 2 * 25 * size(x.shape) * outChannels;
}

/** y [G,N,O,H,W] of x [G,N,C,H,W] and weight [G,C,5,5,O]: any layouts, one thread an element. */
export const conv5x5ForwardPlain = defineKernel({
  name: 'conv5x5.forward_plain',
  shader: forwardPlainShader,
  outputs: ({ x, weight }: Record<'x' | 'weight', TensorSpec>, { layout }: ConvLayout) => ({
    y: images(x, weight.shape[4], layout),
  }),
  params: ({ x, weight }, { layout }) => {
    const y = images(x, weight.shape[4], layout);
    return {
      images: x.shape[1],
      channels: x.shape[2],
      out_channels: y.shape[2],
      height: x.shape[3],
      width: x.shape[4],
      x_border: layoutOf(x).border,
      x_row_stride: layoutOf(x).rowStride,
      y_border: layoutOf(y).border,
      y_row_stride: layoutOf(y).rowStride,
      length: storageSize(y),
    };
  },
  workgroups: ({ x, weight }, { layout }) =>
    linear(storageSize(images(x, weight.shape[4], layout)), 64),
  flops: ({ x, weight }) => flops(x, weight.shape[4]),
});

/** dx [G,N,C,H,W] of dy [G,N,O,H,W] and weight [G,C,5,5,O]: any layouts, one thread an element. */
export const conv5x5BackwardInputPlain = defineKernel({
  name: 'conv5x5.backward_input_plain',
  shader: backwardInputPlainShader,
  outputs: ({ dy, weight }: Record<'dy' | 'weight', TensorSpec>, { layout }: ConvLayout) => ({
    dx: images(dy, weight.shape[1], layout),
  }),
  params: ({ dy, weight }, { layout }) => {
    const dx = images(dy, weight.shape[1], layout);
    return {
      images: dy.shape[1],
      channels: dx.shape[2],
      out_channels: dy.shape[2],
      height: dy.shape[3],
      width: dy.shape[4],
      dy_border: layoutOf(dy).border,
      dy_row_stride: layoutOf(dy).rowStride,
      dx_border: layoutOf(dx).border,
      dx_row_stride: layoutOf(dx).rowStride,
      length: storageSize(dx),
    };
  },
  workgroups: ({ dy, weight }, { layout }) =>
    linear(storageSize(images(dy, weight.shape[1], layout)), 64),
  flops: ({ dy, weight }) => flops(dy, weight.shape[1]),
});

/** dweight [G,C,5,5,O] of x [G,N,C,H,W] and dy [G,N,O,H,W]: any layouts, one thread an element. */
export const conv5x5BackwardWeightPlain = defineKernel({
  name: 'conv5x5.backward_weight_plain',
  shader: backwardWeightPlainShader,
  outputs: ({ x, dy }: Record<'x' | 'dy', TensorSpec>) => ({
    dweight: f32([x.shape[0], x.shape[2], 5, 5, dy.shape[2]]),
  }),
  params: ({ x, dy }) => ({
    images: x.shape[1],
    channels: x.shape[2],
    out_channels: dy.shape[2],
    height: x.shape[3],
    width: x.shape[4],
    x_border: layoutOf(x).border,
    x_row_stride: layoutOf(x).rowStride,
    dy_border: layoutOf(dy).border,
    dy_row_stride: layoutOf(dy).rowStride,
    length: x.shape[0] * x.shape[2] * 25 * dy.shape[2],
  }),
  workgroups: ({ x, dy }) => linear(x.shape[0] * x.shape[2] * 25 * dy.shape[2], 64),
  flops: ({ x, dy }) => flops(x, dy.shape[2]),
});
