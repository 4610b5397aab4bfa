import backwardInputPlainShader from '../../shaders/conv/backward_input_plain.wgsl';
import backwardWeightShader from '../../shaders/conv/backward_weight.wgsl';
import backwardWeightPlainShader from '../../shaders/conv/backward_weight_plain.wgsl';
import backwardWeightSubgroupShader from '../../shaders/conv/backward_weight_subgroup.wgsl';
import forwardShader from '../../shaders/conv/forward.wgsl';
import forwardPlainShader from '../../shaders/conv/forward_plain.wgsl';
import forwardSubgroupShader from '../../shaders/conv/forward_subgroup.wgsl';
import frameShader from '../../shaders/conv/frame.wgsl';
import pointwiseShader from '../../shaders/conv/pointwise.wgsl';
import pointwiseBackwardWeightShader from '../../shaders/conv/pointwise_backward_weight.wgsl';
import pointwiseBackwardWeightSubgroupShader from '../../shaders/conv/pointwise_backward_weight_subgroup.wgsl';
import pointwiseVec4Shader from '../../shaders/conv/pointwise_vec4.wgsl';
import flipWeightsShader from '../../shaders/conv/flip_weights.wgsl';
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

/** Lanes among which values go round, in the kernels that use subgroups. */
interface Lanes {
  lanes?: 4 | 8;
}

const lanesOf = (shader: WgslModule, { lanes = 8 }: Lanes) =>
  'LANES' in shader.tunables ? { LANES: lanes } : undefined;

/** Vec4s from row to row and from plane to plane. */
const strides = ({ shape, layout }: TensorSpec): [number, number] => [
  layoutOf({ shape, dtype: 'f32', layout }).rowStride / 4,
  planeStride(shape, layout) / 4,
];

/** A square window: the readable kernels' attributes. */
export interface ConvPlain {
  stride: number;
  /** Zeros above and left of x; negative where it is cropped. */
  before: readonly [number, number];
  /** Rows and columns of what is written. */
  map: readonly [number, number];
  /** Physical layout of what is written; dense where it is left out. */
  layout?: Layout;
  hasBias?: boolean;
  depthwise?: boolean;
}

/** What the readable kernels are told of x (or dx) and of y (or dy). */
function plainParams(
  x: TensorSpec,
  y: TensorSpec,
  written: TensorSpec,
  taps: number,
  { stride, before: [top, left] }: Pick<ConvPlain, 'stride' | 'before'>,
) {
  return {
    images: x.shape[1],
    channels: x.shape[2],
    out_channels: y.shape[2],
    taps,
    stride,
    top,
    left,
    height: x.shape[3],
    width: x.shape[4],
    y_height: y.shape[3],
    y_width: y.shape[4],
    length: storageSize(written),
  };
}

const borders = (name: string, spec: TensorSpec) => ({
  [`${name}_border`]: layoutOf(spec).border,
  [`${name}_row_stride`]: layoutOf(spec).rowStride,
});

const depthwiseOverride = ({ depthwise }: ConvPlain) => ({ DEPTHWISE: Number(depthwise ?? false) });

const plainY = (x: TensorSpec, weight: TensorSpec, { map, layout, depthwise }: ConvPlain) =>
  f32([x.shape[0], x.shape[1], depthwise ? x.shape[2] : weight.shape[4], ...map], layout);

/** y [G,N,O,OH,OW] of x [G,N,C,H,W], weight [G,C,K,K,O] and bias [G,O]: any layouts, one thread an element. */
export const convForwardPlain = defineKernel({
  name: 'conv.forward_plain',
  shader: forwardPlainShader,
  outputs: ({ x, weight }: Record<'x' | 'weight' | 'bias', TensorSpec>, attributes: ConvPlain) => ({
    y: plainY(x, weight, attributes),
  }),
  params: ({ x, weight }, attributes) => {
    const y = plainY(x, weight, attributes);
    return {
      ...plainParams(x, y, y, weight.shape[2], attributes),
      ...borders('x', x),
      ...borders('y', y),
    };
  },
  overrides: (_, attributes) => ({
    ...depthwiseOverride(attributes),
    HAS_BIAS: Number(attributes.hasBias ?? false),
  }),
  workgroups: ({ x, weight }, attributes) => linear(storageSize(plainY(x, weight, attributes)), 64),
  flops: ({ x, weight }, { map }) =>
    2 * x.shape[0] * x.shape[1] * size(map) * size(weight.shape.slice(1)),
});

const plainDx = (dy: TensorSpec, weight: TensorSpec, { map, layout }: ConvPlain) =>
  f32([dy.shape[0], dy.shape[1], weight.shape[1], ...map], layout);

/** dx [G,N,C,H,W] of dy [G,N,O,OH,OW] and weight [G,C,K,K,O]: any layouts, one thread an element. */
export const convBackwardInputPlain = defineKernel({
  name: 'conv.backward_input_plain',
  shader: backwardInputPlainShader,
  outputs: ({ dy, weight }: Record<'dy' | 'weight', TensorSpec>, attributes: ConvPlain) => ({
    dx: plainDx(dy, weight, attributes),
  }),
  params: ({ dy, weight }, attributes) => {
    const dx = plainDx(dy, weight, attributes);
    return {
      ...plainParams(dx, dy, dx, weight.shape[2], attributes),
      ...borders('dx', dx),
      ...borders('dy', dy),
    };
  },
  overrides: (_, attributes) => depthwiseOverride(attributes),
  workgroups: ({ dy, weight }, attributes) =>
    linear(storageSize(plainDx(dy, weight, attributes)), 64),
  flops: ({ dy, weight }) =>
    2 * dy.shape[0] * dy.shape[1] * size(dy.shape.slice(3)) * size(weight.shape.slice(1)),
});

const plainDweight = (
  x: TensorSpec,
  dy: TensorSpec,
  { taps, depthwise }: Pick<ConvPlain, 'depthwise'> & { taps: number },
) => f32([x.shape[0], x.shape[2], taps, taps, depthwise ? 1 : dy.shape[2]]);

/** dweight [G,C,K,K,O] of x [G,N,C,H,W] and dy [G,N,O,OH,OW]: any layouts, one thread an element. */
export const convBackwardWeightPlain = defineKernel({
  name: 'conv.backward_weight_plain',
  shader: backwardWeightPlainShader,
  outputs: (
    { x, dy }: Record<'x' | 'dy', TensorSpec>,
    attributes: Omit<ConvPlain, 'map'> & { taps: number },
  ) => ({
    dweight: plainDweight(x, dy, attributes),
  }),
  params: ({ x, dy }, attributes) => ({
    ...plainParams(x, dy, plainDweight(x, dy, attributes), attributes.taps, attributes),
    ...borders('x', x),
    ...borders('dy', dy),
  }),
  overrides: (_, { depthwise }) => ({ DEPTHWISE: Number(depthwise ?? false) }),
  workgroups: ({ x, dy }, attributes) => linear(size(plainDweight(x, dy, attributes).shape), 64),
  flops: ({ x, dy }, attributes) =>
    2 * dy.shape[1] * size(dy.shape.slice(3)) * size(plainDweight(x, dy, attributes).shape),
});

/** Which pixel of x lies where in a frame. */
export interface FrameAttributes {
  shape: readonly number[];
  layout?: Layout;
  /** Rows above and columns left of x's first pixel, a border of the layout included; negative where x is cropped. */
  before: readonly [number, number];
  /** Every how many rows and columns of x are taken. */
  stride?: number;
  /** Zeros go between them, so that one in so many is x's. */
  expand?: number;
}

/** y [...,rows,columns], zeros around x [...,H,W]: what the tiled kernels read. Any layouts. */
export const convFrame = defineKernel({
  name: 'conv.frame',
  shader: frameShader,
  outputs: (_: Record<'x', TensorSpec>, { shape, layout }: FrameAttributes) => ({
    y: f32(shape, layout),
  }),
  params: ({ x }, { shape, layout, before: [top, left], stride = 1, expand = 1 }) => {
    const { border, rowStride } = layoutOf(f32(shape, layout));
    const rows = planeStride(shape, layout) / rowStride;
    const quads = Math.ceil(rowStride / 4);
    return {
      height: x.shape[x.shape.length - 2],
      width: x.shape[x.shape.length - 1],
      x_border: layoutOf(x).border,
      x_row: layoutOf(x).rowStride,
      x_plane: planeStride(x.shape, x.layout),
      y_row: rowStride,
      y_rows: rows,
      quads,
      threads: size(shape.slice(0, -2)) * rows * quads,
      stride,
      expand,
      top: top + border,
      left: left + border,
    };
  },
  workgroups: (_, { shape, layout }) => {
    const spec = f32(shape, layout);
    const { rowStride } = layoutOf(spec);
    return linear((storageSize(spec) / rowStride) * Math.ceil(rowStride / 4), 64);
  },
});

/** How the tiled kernel for y runs, and flipped for dx. */
export interface ConvTiled extends Lanes {
  stride: 1 | 2;
  /** Rows and columns of y. */
  map: readonly [number, number];
  hasBias?: boolean;
  /** 2: four channels of the sum are the pixels of one of y, less `before` of its rows and columns. */
  phases?: 1 | 2;
  before?: readonly [number, number];
}

function tiledForward(name: string, shader: WgslModule) {
  const tiles = ({ map, phases = 1, before = [0, 0] }: ConvTiled) => {
    const [rows, columns] = map.map((extent, i) => Math.ceil((extent + before[i]) / phases));
    return { tiles_across: Math.ceil(columns / 4), tiles_down: Math.ceil(rows / 2) };
  };
  return defineKernel({
    name,
    shader,
    outputs: (
      { x, weight }: Record<'x' | 'weight' | 'bias', TensorSpec>,
      { map, phases = 1 }: ConvTiled,
    ) => ({ y: f32([x.shape[0], x.shape[1], weight.shape[4] / phases ** 2, ...map]) }),
    params: ({ x, weight }, attributes) => {
      const [x_row, x_plane] = strides(x);
      const [top, left] = attributes.before ?? [0, 0];
      const [height, width] = attributes.map;
      return {
        images: x.shape[1],
        channels: x.shape[2],
        out_channels: weight.shape[4],
        height,
        width,
        x_row,
        x_plane,
        ...tiles(attributes),
        top,
        left,
      };
    },
    overrides: (_, { hasBias }) => ({ HAS_BIAS: Number(hasBias ?? false) }),
    constants: ({ weight }, attributes) => ({
      TAPS: weight.shape[2],
      STRIDE: attributes.stride,
      PHASES: attributes.phases ?? 1,
      ...lanesOf(shader, attributes),
    }),
    workgroups: ({ x, weight }, attributes) => {
      const { tiles_across, tiles_down } = tiles(attributes);
      const count = x.shape[1] * tiles_across * tiles_down;
      return [Math.ceil(count / 64), Math.ceil(weight.shape[4] / 8), x.shape[0]];
    },
    flops: ({ x, weight }, { map, phases = 1 }) =>
      (2 * x.shape[0] * x.shape[1] * size(map) * size(weight.shape.slice(1))) / phases ** 2,
  });
}

/** y [G,N,O,H,W], dense, of x [G,N,C,rows,row], a frame, weight [G,C,K,K,O] and bias [G,O]. */
export const convForward = tiledForward('conv.forward', forwardShader);
/** The same for O a multiple of 4. */
export const convForwardSubgroup = tiledForward('conv.forward_subgroup', forwardSubgroupShader);

function pointwise(name: string, shader: WgslModule) {
  return defineKernel({
    name,
    shader,
    outputs: (
      { x, weight }: Record<'x' | 'weight' | 'bias', TensorSpec>,
      { map }: Pick<ConvTiled, 'map' | 'hasBias'>,
    ) => ({ y: f32([x.shape[0], x.shape[1], weight.shape[4], ...map]) }),
    params: ({ x, weight }, { map }) => ({
      images: x.shape[1],
      channels: x.shape[2],
      out_channels: weight.shape[4],
      pixels: size(map),
      x_row: planeStride(x.shape) / 4,
    }),
    overrides: (_, { hasBias }) => ({ HAS_BIAS: Number(hasBias ?? false) }),
    workgroups: ({ x, weight }) => [
      Math.ceil((x.shape[1] * Math.ceil(planeStride(x.shape) / 8)) / 64),
      Math.ceil(weight.shape[4] / 8),
      x.shape[0],
    ],
    flops: ({ x, weight }, { map }) =>
      2 * x.shape[0] * x.shape[1] * size(map) * size(weight.shape.slice(1)),
  });
}

/** y [G,N,O,H,W], dense, of x [G,N,C,rows,row], whole vec4s, weight [G,C,1,1,O] and bias [G,O]. */
export const convPointwise = pointwise('conv.pointwise', pointwiseShader);
/** The same for O a multiple of 4. */
export const convPointwiseVec4 = pointwise('conv.pointwise_vec4', pointwiseVec4Shader);

/** flipped [G,O,T,T,C S S] of weight [G,C,K,K,O]: T = ceil(K / S), for dx at stride S. */
export const convFlipWeights = defineKernel({
  name: 'conv.flip_weights',
  shader: flipWeightsShader,
  outputs: ({ weight }: Record<'weight', TensorSpec>, { stride }: { stride: number }) => {
    const [G, C, K, , O] = weight.shape;
    const taps = Math.ceil(K / stride);
    return { flipped: f32([G, O, taps, taps, C * stride ** 2]) };
  },
  params: ({ weight }, { stride }) => ({
    channels: weight.shape[1],
    out_channels: weight.shape[4],
    taps: weight.shape[2],
    turned_taps: Math.ceil(weight.shape[2] / stride),
    stride,
  }),
  workgroups: ({ weight }, { stride }) => {
    const [G, C, K, , O] = weight.shape;
    return [Math.ceil((C * stride ** 2) / 64), O * Math.ceil(K / stride) ** 2, G];
  },
});

/** How the sum of the weight gradient is split. */
export interface ConvParts extends Lanes {
  /** Parts, each a sum of its own. */
  parts: number;
  workgroupSize: number;
}

/** How the tiled kernel for dweight runs. */
export interface ConvBackwardWeight extends ConvParts {
  taps: 3 | 5;
  stride: 1 | 2;
  /** Rows of taps of a thread, where it has a choice: 1, or all 3. */
  rows?: 1 | 3;
}

function tiledBackwardWeight(name: string, shader: WgslModule) {
  return defineKernel({
    name,
    shader,
    outputs: ({ x, dy }: Record<'x' | 'dy', TensorSpec>, { parts, taps }: ConvBackwardWeight) => ({
      partials: f32([x.shape[0], parts, x.shape[2], taps, taps, dy.shape[2]]),
    }),
    params: ({ x, dy }, { parts }) => {
      const [x_row, x_plane] = strides(x);
      const [dy_row, dy_plane] = strides(dy);
      return {
        images: x.shape[1],
        channels: x.shape[2],
        out_channels: dy.shape[2],
        height: dy.shape[3],
        x_row,
        x_plane,
        x_last: storageSize(x) / 4 - 1,
        dy_row,
        dy_plane,
        strips: Math.ceil(dy.shape[4] / 4),
        parts,
      };
    },
    overrides: (_, { workgroupSize }) => ({ WORKGROUP_SIZE: workgroupSize }),
    constants: ({ dy }, attributes) => ({
      TAPS: attributes.taps,
      STRIDE: attributes.stride,
      ...('ROWS' in shader.tunables && { ROWS: attributes.rows ?? 1 }),
      SHIFT: layoutOf(dy).border,
      ...lanesOf(shader, attributes),
    }),
    workgroups: ({ x, dy }, { taps, rows = 1, parts, workgroupSize }) => [
      Math.ceil((taps * x.shape[2]) / rows / workgroupSize),
      Math.ceil(dy.shape[2] / 8),
      x.shape[0] * parts,
    ],
    flops: ({ x, dy }, { taps }) => 2 * taps ** 2 * size(dy.shape) * x.shape[2],
  });
}

/** partials [G,P,C,K,K,O] of x, a frame, and dy, in rows of whole vec4s with a border of at most 3. */
export const convBackwardWeight = tiledBackwardWeight('conv.backward_weight', backwardWeightShader);
export const convBackwardWeightSubgroup = tiledBackwardWeight(
  'conv.backward_weight_subgroup',
  backwardWeightSubgroupShader,
);

function pointwiseBackwardWeight(name: string, shader: WgslModule) {
  return defineKernel({
    name,
    shader,
    outputs: ({ x, dy }: Record<'x' | 'dy', TensorSpec>, { parts }: ConvParts) => ({
      partials: f32([x.shape[0], parts, x.shape[2], 1, 1, dy.shape[2]]),
    }),
    params: ({ x, dy }, { parts }) => ({
      images: x.shape[1],
      channels: x.shape[2],
      out_channels: dy.shape[2],
      row: planeStride(x.shape) / 4,
      parts,
    }),
    overrides: (_, { workgroupSize }) => ({ WORKGROUP_SIZE: workgroupSize }),
    constants: (_, attributes) => ({ ...lanesOf(shader, attributes) }),
    workgroups: ({ x, dy }, { parts, workgroupSize }) => [
      Math.ceil(x.shape[2] / 4 / workgroupSize),
      Math.ceil(dy.shape[2] / 8),
      x.shape[0] * parts,
    ],
    flops: ({ x, dy }) => 2 * size(dy.shape) * x.shape[2],
  });
}

/** partials [G,P,C,1,1,O] of x and dy [G,N,*,rows,row], whole vec4s, filled up with zeros. */
export const convPointwiseBackwardWeight = pointwiseBackwardWeight(
  'conv.pointwise_backward_weight',
  pointwiseBackwardWeightShader,
);
export const convPointwiseBackwardWeightSubgroup = pointwiseBackwardWeight(
  'conv.pointwise_backward_weight_subgroup',
  pointwiseBackwardWeightSubgroupShader,
);
