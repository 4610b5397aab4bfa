import backwardInputPlainShader from '../../shaders/conv5x5/backward_input_plain.wgsl';
import backwardWeightShader from '../../shaders/conv5x5/backward_weight.wgsl';
import backwardWeightPlainShader from '../../shaders/conv5x5/backward_weight_plain.wgsl';
import backwardWeightSubgroupShader from '../../shaders/conv5x5/backward_weight_subgroup.wgsl';
import flipWeightShader from '../../shaders/conv5x5/flip_weight.wgsl';
import forwardShader from '../../shaders/conv5x5/forward.wgsl';
import forwardPlainShader from '../../shaders/conv5x5/forward_plain.wgsl';
import forwardSubgroupShader from '../../shaders/conv5x5/forward_subgroup.wgsl';
import reduceWeightShader from '../../shaders/conv5x5/reduce_weight.wgsl';
import type { Capabilities } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import type { WgslModule } from '../gpu/wgsl';
import {
  defineKernel,
  f32,
  layoutOf,
  linear,
  planeStride,
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

/** A register-tiled forward kernel: 4 columns, 2 rows and 8 output channels a thread. */
const tiledForward = (name: string, shader: WgslModule) =>
  defineKernel({
    name,
    shader,
    outputs: ({ x, weight }: Record<'x' | 'weight', TensorSpec>) => ({
      y: images(x, weight.shape[4]),
    }),
    params: ({ x, weight }) => {
      const [, images, channels, height, width] = x.shape;
      return {
        images,
        channels,
        out_channels: weight.shape[4],
        height,
        width,
        x_row: layoutOf(x).rowStride / 4,
        x_plane: planeStride(x.shape, x.layout) / 4,
        tiles_across: Math.ceil(width / 4),
        tiles_down: Math.ceil(height / 2),
      };
    },
    workgroups: ({ x, weight }) => {
      const [G, N, , H, W] = x.shape;
      const tiles = N * Math.ceil(H / 2) * Math.ceil(W / 4);
      return [Math.ceil(tiles / 64), Math.ceil(weight.shape[4] / 8), G];
    },
    flops: ({ x, weight }) => flops(x, weight.shape[4]),
  });

/** y [G,N,O,H,W], dense, of x [G,N,C,H,W] with the layout `bordered(W)` and weight [G,C,5,5,O]. */
export const conv5x5ForwardTiled = tiledForward('conv5x5.forward', forwardShader);
/** The same for subgroups of 8 lanes or more. */
export const conv5x5ForwardSubgroup = tiledForward(
  'conv5x5.forward_subgroup',
  forwardSubgroupShader,
);
/** dx, as `y`, of dy, as `x`, and `conv5x5FlipWeight`'s weights: the same files as forward. */
export const conv5x5BackwardInputTiled = tiledForward('conv5x5.backward_input', forwardShader);
export const conv5x5BackwardInputSubgroup = tiledForward(
  'conv5x5.backward_input_subgroup',
  forwardSubgroupShader,
);

/** flipped [G,O,5,5,C] of weight [G,C,5,5,O]: channels exchanged, filters turned by 180 degrees. */
export const conv5x5FlipWeight = defineKernel({
  name: 'conv5x5.flip_weight',
  shader: flipWeightShader,
  outputs: ({ weight }: Record<'weight', TensorSpec>) => {
    const [G, C, , , O] = weight.shape;
    return { flipped: f32([G, O, 5, 5, C]) };
  },
  params: ({ weight }) => ({
    channels: weight.shape[1],
    out_channels: weight.shape[4],
    length: size(weight.shape),
  }),
  workgroups: ({ weight }) => linear(size(weight.shape), 64),
});

/** How the sum over the rows of all images is split. */
export interface ConvSplit {
  /** Parts, each a sum of its own. */
  parts: number;
  workgroupSize: number;
}

/** A sliding-window kernel: one channel, one row of taps and 8 output channels a thread. */
const tiledBackwardWeight = (name: string, shader: WgslModule) =>
  defineKernel({
    name,
    shader,
    outputs: ({ x, dy }: Record<'x' | 'dy', TensorSpec>, { parts }: ConvSplit) => ({
      partials: f32([x.shape[0], parts, x.shape[2], 5, 5, dy.shape[2]]),
    }),
    params: ({ x, dy }, { parts }) => ({
      images: x.shape[1],
      channels: x.shape[2],
      out_channels: dy.shape[2],
      height: x.shape[3],
      x_row: layoutOf(x).rowStride / 4,
      x_plane: planeStride(x.shape, x.layout) / 4,
      dy_row: layoutOf(dy).rowStride / 4,
      dy_plane: planeStride(dy.shape, dy.layout) / 4,
      strips: Math.ceil(x.shape[4] / 4),
      parts,
    }),
    overrides: (_, { workgroupSize }) => ({ WORKGROUP_SIZE: workgroupSize }),
    workgroups: ({ x, dy }, { parts, workgroupSize }) => [
      Math.ceil((5 * x.shape[2]) / workgroupSize),
      Math.ceil(dy.shape[2] / 8),
      x.shape[0] * parts,
    ],
    flops: ({ x, dy }) => flops(x, dy.shape[2]),
  });

/** partials [G,S,C,5,5,O] of x and dy, both with the layout `bordered(W)`. */
export const conv5x5BackwardWeightTiled = tiledBackwardWeight(
  'conv5x5.backward_weight',
  backwardWeightShader,
);
/** The same for subgroups of 8 lanes or more. */
export const conv5x5BackwardWeightSubgroup = tiledBackwardWeight(
  'conv5x5.backward_weight_subgroup',
  backwardWeightSubgroupShader,
);

/** dweight [G,C,5,5,O] = the sum of partials [G,S,C,5,5,O] over S. */
export const conv5x5ReduceWeight = defineKernel({
  name: 'conv5x5.reduce_weight',
  shader: reduceWeightShader,
  outputs: ({ partials }: Record<'partials', TensorSpec>) => {
    const [G, , ...shape] = partials.shape;
    return { dweight: f32([G, ...shape]) };
  },
  params: ({ partials }) => {
    const [G, parts, ...shape] = partials.shape;
    return { size: size(shape), parts, length: G * size(shape) };
  },
  workgroups: ({ partials }) => linear(size(partials.shape) / partials.shape[1], 64),
  flops: ({ partials }) => size(partials.shape),
});

/** Which kernels to run: the fastest that the device and the shapes allow, or these. */
export type ConvVariant = 'auto' | 'plain' | 'tiled' | 'subgroup';

/**
 * The variant to run for images of these shapes and layouts.
 * @throws FacegradError `bad-input` or `unsupported` when a variant is asked for that cannot run.
 */
export function conv5x5Variant(
  capabilities: Capabilities | undefined,
  read: TensorSpec[],
  variant: ConvVariant = 'auto',
): 'plain' | 'tiled' | 'subgroup' {
  const tiles = read.every(({ shape, layout }) => {
    const width = shape[shape.length - 1];
    return (
      layout?.border === 2 &&
      layout.rowStride % 4 === 0 &&
      layout.rowStride >= Math.ceil(width / 4) * 4 + 4
    );
  });
  const size = capabilities?.subgroupSize ?? 0;
  const broadcasts = size >= 8 && 64 % size === 0;
  if (variant === 'auto') return tiles ? (broadcasts ? 'subgroup' : 'tiled') : 'plain';
  if (variant !== 'plain' && !tiles) {
    throw new FacegradError('bad-input', `conv5x5: '${variant}' reads the layout bordered(W)`, {
      operation: 'conv5x5',
      wanted: variant,
      available: read.map(({ layout }) => layout),
    });
  }
  if (variant === 'subgroup' && !broadcasts) {
    throw new FacegradError('unsupported', "conv5x5: 'subgroup' wants subgroups of 8 to 64 lanes", {
      operation: 'conv5x5',
      wanted: variant,
      available: size,
    });
  }
  return variant;
}

/** Threads that fill a large GPU; the rows are split to reach it. */
const BUSY_THREADS = 16384;

/** How `backward_weight` splits its sum: enough parts to keep a GPU busy, whole subgroups. */
export function conv5x5Split(
  capabilities: Capabilities | undefined,
  x: TensorSpec,
  dy: TensorSpec,
): ConvSplit {
  const [G, N, C, H] = x.shape;
  const threads = G * 5 * C * Math.ceil(dy.shape[2] / 8);
  const parts = Math.max(1, Math.min(N * H, 64, Math.ceil(BUSY_THREADS / threads)));
  const lanes = capabilities?.subgroupSize || 32;
  // The size up to 128 that leaves the fewest lanes without a pair of channel and row of taps.
  let workgroupSize = lanes;
  for (let size = lanes; size <= 128; size += lanes) {
    const padded = (candidate: number) => Math.ceil((5 * C) / candidate) * candidate;
    if (padded(size) <= padded(workgroupSize)) workgroupSize = size;
  }
  return { parts, workgroupSize };
}
