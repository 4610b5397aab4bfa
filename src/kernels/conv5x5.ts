import backwardInputPlainShader from '../../shaders/conv5x5/backward_input_plain.wgsl';
import backwardWeightShader from '../../shaders/conv5x5/backward_weight.wgsl';
import backwardWeightMap3Shader from '../../shaders/conv5x5/backward_weight_map3_subgroup.wgsl';
import backwardWeightMap6Shader from '../../shaders/conv5x5/backward_weight_map6_subgroup.wgsl';
import backwardWeightPlainShader from '../../shaders/conv5x5/backward_weight_plain.wgsl';
import backwardWeightSubgroupShader from '../../shaders/conv5x5/backward_weight_subgroup.wgsl';
import backwardWeightSubgroup8Shader from '../../shaders/conv5x5/backward_weight_subgroup8.wgsl';
import flipWeightsShader from '../../shaders/conv5x5/flip_weights.wgsl';
import forwardShader from '../../shaders/conv5x5/forward.wgsl';
import forwardMap3Shader from '../../shaders/conv5x5/forward_map3_subgroup.wgsl';
import forwardMap6Shader from '../../shaders/conv5x5/forward_map6_subgroup.wgsl';
import forwardPlainShader from '../../shaders/conv5x5/forward_plain.wgsl';
import forwardSubgroupShader from '../../shaders/conv5x5/forward_subgroup.wgsl';
import reduceWeightShader from '../../shaders/conv5x5/reduce_weight.wgsl';
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

/** What a pass does where a thread owns this much, and whole tiles are computed. */
function tiledFlops(x: TensorSpec, outChannels: number, [rows, columns, outputs]: number[]) {
  const [G, N, C, H, W] = x.shape;
  const whole = (count: number, tile: number) => Math.ceil(count / tile) * tile;
  return 2 * 25 * G * N * C * whole(H, rows) * whole(W, columns) * whole(outChannels, outputs);
}

/** What a pass does on a small map, whose rows and columns leave out the taps that fall outside it. */
function smallFlops(x: TensorSpec, outChannels: number, columns: 3 | 6): number {
  const [G, N, C, H] = x.shape;
  const pairs = (rows: number) => (rows < 4 ? rows * rows : 5 * rows - 6); // at most 2 apart
  return 2 * pairs(columns) * pairs(columns === 3 ? 3 : H) * G * N * C * outChannels;
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
    executed: ({ x, weight }) => tiledFlops(x, weight.shape[4], [2, 4, 8]),
  });

/** y [G,N,O,H,W], dense, of x [G,N,C,H,W] with the layout `bordered(W)` and weight [G,C,5,5,O]. */
export const conv5x5ForwardTiled = tiledForward('conv5x5.forward', forwardShader);
/** The same for subgroups of 8 lanes or more and O a multiple of 4. */
export const conv5x5ForwardSubgroup = tiledForward(
  'conv5x5.forward_subgroup',
  forwardSubgroupShader,
);
/** dx, as `y`, of dy, as `x`, and `conv5x5FlipWeights`' weights: the same files as forward. */
export const conv5x5BackwardInputTiled = tiledForward('conv5x5.backward_input', forwardShader);
export const conv5x5BackwardInputSubgroup = tiledForward(
  'conv5x5.backward_input_subgroup',
  forwardSubgroupShader,
);

/** Threads a workgroup, where lanes are images or channels: whole subgroups. */
export interface ConvLanes {
  workgroupSize: number;
}

/** A forward kernel for small maps: lanes over images. */
const smallForward = (name: string, shader: WgslModule, columns: 3 | 6) =>
  defineKernel({
    name,
    shader,
    outputs: ({ x, weight }: Record<'x' | 'weight', TensorSpec>, _: ConvLanes) => ({
      y: images(x, weight.shape[4]),
    }),
    params: ({ x, weight }) => {
      const [, images, channels, height, width] = x.shape;
      const unit = columns === 6 ? 4 : 1; // of the offsets: map6 reads vec4s
      return {
        images,
        channels,
        out_channels: weight.shape[4],
        height,
        width,
        x_row: layoutOf(x).rowStride / unit,
        x_plane: planeStride(x.shape, x.layout) / unit,
      };
    },
    overrides: (_, { workgroupSize }) => ({ WORKGROUP_SIZE: workgroupSize }),
    workgroups: ({ x, weight }, { workgroupSize }) => {
      const [G, N, , H] = x.shape;
      const batches = Math.ceil(N / workgroupSize);
      const rows = columns === 6 ? Math.ceil(H / 2) : 1;
      return [batches * rows, Math.ceil(weight.shape[4] / 8), G];
    },
    flops: ({ x, weight }) => flops(x, weight.shape[4]),
    executed: ({ x, weight }) => smallFlops(x, weight.shape[4], columns),
  });

/** `conv5x5ForwardSubgroup` for maps of at most 6 columns. */
export const conv5x5ForwardMap6 = smallForward(
  'conv5x5.forward_map6_subgroup',
  forwardMap6Shader,
  6,
);
/** `conv5x5ForwardSubgroup` for maps of at most 3x3. */
export const conv5x5ForwardMap3 = smallForward(
  'conv5x5.forward_map3_subgroup',
  forwardMap3Shader,
  3,
);
export const conv5x5BackwardInputMap6 = smallForward(
  'conv5x5.backward_input_map6_subgroup',
  forwardMap6Shader,
  6,
);
export const conv5x5BackwardInputMap3 = smallForward(
  'conv5x5.backward_input_map3_subgroup',
  forwardMap3Shader,
  3,
);

/** Layers whose weights [G,C,5,5,O] are flipped together: where each begins, and its channels. */
export interface FlipAttributes {
  groups: number;
  layers: { begin: number; channels: number; outputs: number }[];
}

/**
 * In place of every layer's weights [G,C,5,5,O] their flipped form [G,O,5,5,C]: channels exchanged, filters rotated by
 * 180 degrees. `layers` holds, u32 [layers, 3], what the attributes say.
 */
export const conv5x5FlipWeights = defineKernel({
  name: 'conv5x5.flip_weights',
  shader: flipWeightsShader,
  outputs: ({ weights }: Record<'weights' | 'layers', TensorSpec>, _: FlipAttributes) => ({
    flipped: f32(weights.shape),
  }),
  params: (_, { groups }) => ({ groups }),
  workgroups: (_, { groups, layers }) => [
    Math.ceil(Math.max(...layers.map(({ channels }) => channels)) / 32),
    Math.max(...layers.map(({ outputs }) => outputs)),
    layers.length * groups,
  ],
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
    executed: ({ x, dy }) => tiledFlops(x, dy.shape[2], [1, 4, 8]),
  });

/** partials [G,S,C,5,5,O] of x and dy, both with the layout `bordered(W)`. */
export const conv5x5BackwardWeightTiled = tiledBackwardWeight(
  'conv5x5.backward_weight',
  backwardWeightShader,
);
/** The same for subgroups of 4 lanes or more. */
export const conv5x5BackwardWeightSubgroup = tiledBackwardWeight(
  'conv5x5.backward_weight_subgroup',
  backwardWeightSubgroupShader,
);

/** The same for subgroups of 8 lanes or more. */
export const conv5x5BackwardWeightSubgroup8 = tiledBackwardWeight(
  'conv5x5.backward_weight_subgroup8',
  backwardWeightSubgroup8Shader,
);

/** A weight gradient for small maps: lanes over channels. */
const smallBackwardWeight = (name: string, shader: WgslModule, columns: 3 | 6) =>
  defineKernel({
    name,
    shader,
    outputs: ({ x, dy }: Record<'x' | 'dy', TensorSpec>, { parts }: ConvSplit) => ({
      partials: f32([x.shape[0], parts, x.shape[2], 5, 5, dy.shape[2]]),
    }),
    params: ({ x, dy }, { parts }) => {
      const unit = columns === 6 ? 4 : 1; // of the offsets: map6 reads vec4s
      return {
        images: x.shape[1],
        channels: x.shape[2],
        out_channels: dy.shape[2],
        ...(columns === 6 && { height: x.shape[3] }),
        x_row: layoutOf(x).rowStride / unit,
        x_plane: planeStride(x.shape, x.layout) / unit,
        dy_row: layoutOf(dy).rowStride / unit,
        dy_plane: planeStride(dy.shape, dy.layout) / unit,
        parts,
      };
    },
    overrides: (_, { workgroupSize }) => ({ WORKGROUP_SIZE: workgroupSize }),
    workgroups: ({ x, dy }, { parts, workgroupSize }) => {
      const blocks = Math.ceil(x.shape[2] / workgroupSize);
      const [G, O] = [x.shape[0], dy.shape[2]];
      return columns === 6
        ? [5 * blocks, Math.ceil(O / 8), G * parts]
        : [blocks, Math.ceil(O / 4), G * parts];
    },
    flops: ({ x, dy }) => flops(x, dy.shape[2]),
    executed: ({ x, dy }) => smallFlops(x, dy.shape[2], columns),
  });

/** `conv5x5BackwardWeightSubgroup` for maps of at most 6 columns. */
export const conv5x5BackwardWeightMap6 = smallBackwardWeight(
  'conv5x5.backward_weight_map6_subgroup',
  backwardWeightMap6Shader,
  6,
);
/** `conv5x5BackwardWeightSubgroup` for maps of at most 3x3. */
export const conv5x5BackwardWeightMap3 = smallBackwardWeight(
  'conv5x5.backward_weight_map3_subgroup',
  backwardWeightMap3Shader,
  3,
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
    const [, parts, ...shape] = partials.shape;
    return { size: size(shape), parts };
  },
  workgroups: ({ partials }) => {
    const [G, , ...shape] = partials.shape;
    return [Math.ceil(size(shape) / 64), G, 1];
  },
  flops: ({ partials }) => size(partials.shape),
});
