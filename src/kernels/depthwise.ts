import depthwiseShader from '../../shaders/depthwise/forward.wgsl';
import backwardInputShader from '../../shaders/depthwise/backward_input.wgsl';
import backwardWeightShader from '../../shaders/depthwise/backward_weight.wgsl';
import {
  defineKernel,
  f32,
  layoutOf,
  linear,
  planeStride,
  size,
  storageSize,
  type TensorSpec,
} from './kernel';

export interface Depthwise {
  stride: 1 | 2;
  /** Rows and columns of y. */
  map: readonly [number, number];
  hasBias?: boolean;
  /** The filter rotated by 180 degrees: dy in place of x gives dx, at stride 1. */
  flipped?: boolean;
}

const strides = (spec: TensorSpec): [number, number] => [
  layoutOf(spec).rowStride / 4,
  planeStride(spec.shape, spec.layout) / 4,
];

/** Threads of so many rows and columns each, for every plane. */
function tiles(
  { shape }: TensorSpec,
  [height, width]: readonly number[],
  rows: number,
  columns: number,
) {
  const tiles_across = Math.ceil(width / columns);
  const tiles_down = Math.ceil(height / rows);
  return { tiles_across, tiles_down, threads: size(shape.slice(0, 3)) * tiles_across * tiles_down };
}

/** y [G,N,C,H,W], dense, of x [G,N,C,rows,row], a frame, weight [G,C,3,3,1] and bias [G,C]. */
export const depthwiseForward = defineKernel({
  name: 'depthwise.forward',
  shader: depthwiseShader,
  outputs: ({ x }: Record<'x' | 'weight' | 'bias', TensorSpec>, { map }: Depthwise) => ({
    y: f32([...x.shape.slice(0, 3), ...map]),
  }),
  params: ({ x }, { map }) => {
    const [x_row, x_plane] = strides(x);
    return {
      images: x.shape[1],
      channels: x.shape[2],
      height: map[0],
      width: map[1],
      x_row,
      x_plane,
      ...tiles(x, map, 4, 4),
    };
  },
  overrides: (_, { hasBias, flipped }) => ({
    HAS_BIAS: Number(hasBias ?? false),
    FLIPPED: Number(flipped ?? false),
  }),
  constants: (_, { stride }) => ({ STRIDE: stride }),
  workgroups: ({ x }, { map }) => linear(tiles(x, map, 4, 4).threads, 64),
  flops: ({ x }, { map }) => 2 * 9 * size(x.shape.slice(0, 3)) * size(map),
});

export interface DepthwiseBackwardInput {
  /** Rows and columns of dx. */
  map: readonly [number, number];
  /** Rows and columns that an even one of the padded image is before dx's first, 0 or 1. */
  before: readonly [number, number];
}

const shifted = ({ map, before }: DepthwiseBackwardInput) =>
  map.map((extent, i) => extent + before[i]);

/** dx [G,N,C,H,W], dense, at stride 2, of dy [G,N,C,rows,row], a frame, and weight [G,C,3,3,1]. */
export const depthwiseBackwardInput = defineKernel({
  name: 'depthwise.backward_input',
  shader: backwardInputShader,
  outputs: ({ dy }: Record<'dy' | 'weight', TensorSpec>, { map }: DepthwiseBackwardInput) => ({
    dx: f32([...dy.shape.slice(0, 3), ...map]),
  }),
  params: ({ dy }, attributes) => {
    const [dy_row, dy_plane] = strides(dy);
    return {
      images: dy.shape[1],
      channels: dy.shape[2],
      height: attributes.map[0],
      width: attributes.map[1],
      dy_row,
      dy_plane,
      ...tiles(dy, shifted(attributes), 2, 8),
      top: attributes.before[0],
      left: attributes.before[1],
    };
  },
  workgroups: ({ dy }, attributes) => linear(tiles(dy, shifted(attributes), 2, 8).threads, 64),
  flops: ({ dy }, { map }) => (2 * 9 * size(dy.shape.slice(0, 3)) * size(map)) / 4,
});

export interface DepthwiseBackwardWeight {
  stride: 1 | 2;
  /** Parts of the sum over the rows of all images, each a sum of its own. */
  parts: number;
}

/** partials [G,P,C,3,3,1] of x, a frame, and dy [G,N,C,H,W], in rows of whole vec4s with a border of at most 3. */
export const depthwiseBackwardWeight = defineKernel({
  name: 'depthwise.backward_weight',
  shader: backwardWeightShader,
  outputs: ({ x }: Record<'x' | 'dy', TensorSpec>, { parts }: DepthwiseBackwardWeight) => ({
    partials: f32([x.shape[0], parts, x.shape[2], 3, 3, 1]),
  }),
  params: ({ x, dy }, { parts }) => {
    const [x_row, x_plane] = strides(x);
    const [dy_row, dy_plane] = strides(dy);
    return {
      images: x.shape[1],
      channels: x.shape[2],
      height: dy.shape[3],
      x_row,
      x_plane,
      x_last: storageSize(x) / 4 - 1,
      dy_row,
      dy_plane,
      strips: Math.ceil(dy.shape[4] / 4),
      parts,
      threads: x.shape[0] * parts * x.shape[2],
    };
  },
  constants: ({ dy }, { stride }) => ({ STRIDE: stride, SHIFT: layoutOf(dy).border }),
  workgroups: ({ x }, { parts }) => [Math.ceil((x.shape[0] * parts * x.shape[2]) / 64), 1, 1],
  flops: ({ dy }) => 2 * 9 * size(dy.shape),
});
