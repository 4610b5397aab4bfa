import gradientF35Shader from '../../shaders/winograd/gradient_f35.wgsl';
import gradientF43Shader from '../../shaders/winograd/gradient_f43.wgsl';
import gradientF45Shader from '../../shaders/winograd/gradient_f45.wgsl';
import inputF35Shader from '../../shaders/winograd/input_f35.wgsl';
import inputF43Shader from '../../shaders/winograd/input_f43.wgsl';
import inputF45Shader from '../../shaders/winograd/input_f45.wgsl';
import outputF35Shader from '../../shaders/winograd/output_f35.wgsl';
import outputF43Shader from '../../shaders/winograd/output_f43.wgsl';
import outputF45Shader from '../../shaders/winograd/output_f45.wgsl';
import productShader from '../../shaders/winograd/product.wgsl';
import productNarrowSubgroupShader from '../../shaders/winograd/product_narrow_subgroup.wgsl';
import productSubgroupShader from '../../shaders/winograd/product_subgroup.wgsl';
import weightF35Shader from '../../shaders/winograd/weight_f35.wgsl';
import weightF43Shader from '../../shaders/winograd/weight_f43.wgsl';
import weightF45Shader from '../../shaders/winograd/weight_f45.wgsl';
import weightGradientF35Shader from '../../shaders/winograd/weight_gradient_f35.wgsl';
import weightGradientF43Shader from '../../shaders/winograd/weight_gradient_f43.wgsl';
import weightGradientF45Shader from '../../shaders/winograd/weight_gradient_f45.wgsl';
import type { WgslModule } from '../gpu/wgsl';
import { defineKernel, f32, layoutOf, planeStride, type TensorSpec } from './kernel';

/** Images of a batch that are transformed together: all of them, unless a binding could not hold that. */
export interface ImageRange {
  first: number;
  count: number;
}

/** How maps of H x W are cut into tiles of `tile` x `tile` outputs. */
function tilesOf([H, W]: readonly number[], tile: number, { count }: ImageRange) {
  const [down, across] = [Math.ceil(H / tile), Math.ceil(W / tile)];
  const tiles = count * down * across;
  return { tiles_across: across, tiles_down: down, tiles, padded_tiles: Math.ceil(tiles / 4) * 4 };
}

/** Threads in a line for every network. */
const lines = (count: number, G: number): [number, number, number] => [Math.ceil(count / 64), 1, G];

/** m of F(m x m, 5x5): outputs of a tile in a row. */
export type WinogradTile = 3 | 4;

/** F(m x m, r x r): m x m outputs of a filter of r x r taps from (m + r - 1) x (m + r - 1) numbers. */
export interface WinogradForm {
  /** m. */
  tile: WinogradTile;
  /** r. */
  taps: 3 | 5;
}

/** Its kernels. */
export interface WinogradKernels extends WinogradForm {
  /** (m + r - 1)². */
  positions: number;
  input: typeof winogradInputF45;
  weight: typeof winogradWeightF45;
  output: typeof winogradOutputF45;
  gradient: typeof winogradGradientF45;
  weightGradient: typeof winogradWeightGradientF45;
}

const F35: WinogradForm = { tile: 3, taps: 5 };
const F45: WinogradForm = { tile: 4, taps: 5 };
const F43: WinogradForm = { tile: 4, taps: 3 };

const positionsOf = ({ tile, taps }: WinogradForm) => (tile + taps - 1) ** 2;

/** What is read of x beside its shape. */
export interface InputRange extends ImageRange {
  /** Rows and columns of y. */
  map: readonly [number, number];
}

/** transformed [G,P,C,T] of x [G,N,C,rows,row]: what the windows of a map see, in rows of whole vec4s. */
const inputTransform = (name: string, shader: WgslModule, form: WinogradForm) => {
  const tiles = ({ map, ...range }: InputRange) => tilesOf(map, form.tile, range);
  return defineKernel({
    name,
    shader,
    outputs: ({ x }: Record<'x', TensorSpec>, range: InputRange) => ({
      transformed: f32([x.shape[0], positionsOf(form), x.shape[2], tiles(range).padded_tiles]),
    }),
    params: ({ x }, range) => {
      const unit = form.tile === 4 ? 4 : 1; // of the offsets: these windows begin at whole vec4s
      return {
        images: x.shape[1],
        first_image: range.first,
        channels: x.shape[2],
        rows: range.map[0] + form.taps - 1,
        x_row: x.shape[4] / unit,
        x_plane: planeStride(x.shape) / unit,
        ...tiles(range),
      };
    },
    workgroups: ({ x }, range) => lines(x.shape[2] * tiles(range).padded_tiles, x.shape[0]),
  });
};

export const winogradInputF45 = inputTransform('winograd.input_f45', inputF45Shader, F45);
export const winogradInputF35 = inputTransform('winograd.input_f35', inputF35Shader, F35);
export const winogradInputF43 = inputTransform('winograd.input_f43', inputF43Shader, F43);

/** Whether filters are rotated by 180 degrees and channels exchanged, for the gradient by the input. */
export interface Flipped {
  flipped: boolean;
}

/** filters [G,P,O,C], or flipped [G,P,C,O], of weight [G,C,r,r,O]. */
const weightTransform = (name: string, shader: WgslModule, form: WinogradForm) =>
  defineKernel({
    name,
    shader,
    outputs: ({ weight }: Record<'weight', TensorSpec>, { flipped }: Flipped) => {
      const [G, C, , , O] = weight.shape;
      return { filters: f32([G, positionsOf(form), ...(flipped ? [C, O] : [O, C])]) };
    },
    params: ({ weight }) => ({ channels: weight.shape[1], out_channels: weight.shape[4] }),
    overrides: (_, { flipped }) => ({ FLIPPED: Number(flipped) }),
    workgroups: ({ weight: { shape } }) => lines(shape[1] * shape[4], shape[0]),
  });

export const winogradWeightF45 = weightTransform('winograd.weight_f45', weightF45Shader, F45);
export const winogradWeightF35 = weightTransform('winograd.weight_f35', weightF35Shader, F35);
export const winogradWeightF43 = weightTransform('winograd.weight_f43', weightF43Shader, F43);

/** What is known of y beside its channels. */
export interface OutputRange extends ImageRange {
  /** N, H, W. */
  images: number;
  height: number;
  width: number;
}

/** The images of a range of y [G,N,O,H,W], of product [G,P,O,T]. */
const outputTransform = (name: string, shader: WgslModule, { tile }: WinogradForm) =>
  defineKernel({
    name,
    shader,
    outputs: ({ product }: Record<'product', TensorSpec>, range: OutputRange) => {
      const [G, , O] = product.shape;
      return { y: f32([G, range.images, O, range.height, range.width]) };
    },
    params: ({ product }, { images, height, width, ...range }) => ({
      images,
      first_image: range.first,
      out_channels: product.shape[2],
      height,
      width,
      ...tilesOf([height, width], tile, range),
    }),
    workgroups: ({ product: { shape } }, { height, width, ...range }) =>
      lines(shape[2] * tilesOf([height, width], tile, range).tiles, shape[0]),
  });

export const winogradOutputF45 = outputTransform('winograd.output_f45', outputF45Shader, F45);
export const winogradOutputF35 = outputTransform('winograd.output_f35', outputF35Shader, F35);
export const winogradOutputF43 = outputTransform('winograd.output_f43', outputF43Shader, F43);

/** dproduct [G,P,T,O] of dy [G,N,O,H,W] with the layout `bordered(W)`, or for 3x3 with any border and rows of whole vec4s. */
const gradientTransform = (name: string, shader: WgslModule, form: WinogradForm) => {
  const tiles = (shape: readonly number[], range: ImageRange) =>
    tilesOf(shape.slice(3), form.tile, range);
  return defineKernel({
    name,
    shader,
    outputs: ({ dy: { shape } }: Record<'dy', TensorSpec>, range: ImageRange) => ({
      dproduct: f32([shape[0], positionsOf(form), tiles(shape, range).padded_tiles, shape[2]]),
    }),
    params: ({ dy }, range) => ({
      images: dy.shape[1],
      first_image: range.first,
      out_channels: dy.shape[2],
      height: dy.shape[3],
      ...(form.taps === 3 && { dy_border: layoutOf(dy).border }),
      dy_row: layoutOf(dy).rowStride,
      dy_plane: planeStride(dy.shape, dy.layout),
      ...tiles(dy.shape, range),
    }),
    workgroups: ({ dy: { shape } }, range) =>
      lines(shape[2] * tiles(shape, range).padded_tiles, shape[0]),
  });
};

export const winogradGradientF45 = gradientTransform(
  'winograd.gradient_f45',
  gradientF45Shader,
  F45,
);
export const winogradGradientF35 = gradientTransform(
  'winograd.gradient_f35',
  gradientF35Shader,
  F35,
);
export const winogradGradientF43 = gradientTransform(
  'winograd.gradient_f43',
  gradientF43Shader,
  F43,
);

/** dweight [G,C,r,r,O] of dfilters [G,P,C,O]. */
const weightGradient = (name: string, shader: WgslModule, { taps }: WinogradForm) =>
  defineKernel({
    name,
    shader,
    outputs: ({ dfilters }: Record<'dfilters', TensorSpec>) => {
      const [G, , C, O] = dfilters.shape;
      return { dweight: f32([G, C, taps, taps, O]) };
    },
    params: ({ dfilters }) => ({
      channels: dfilters.shape[2],
      out_channels: dfilters.shape[3],
    }),
    workgroups: ({ dfilters: { shape } }) => lines(shape[2] * shape[3], shape[0]),
  });

export const winogradWeightGradientF45 = weightGradient(
  'winograd.weight_gradient_f45',
  weightGradientF45Shader,
  F45,
);
export const winogradWeightGradientF35 = weightGradient(
  'winograd.weight_gradient_f35',
  weightGradientF35Shader,
  F35,
);
export const winogradWeightGradientF43 = weightGradient(
  'winograd.weight_gradient_f43',
  weightGradientF43Shader,
  F43,
);

/** For filters of 5x5, by tile. */
export const WINOGRAD: Record<WinogradTile, WinogradKernels> = {
  3: {
    ...F35,
    positions: 49,
    input: winogradInputF35,
    weight: winogradWeightF35,
    output: winogradOutputF35,
    gradient: winogradGradientF35,
    weightGradient: winogradWeightGradientF35,
  },
  4: {
    ...F45,
    positions: 64,
    input: winogradInputF45,
    weight: winogradWeightF45,
    output: winogradOutputF45,
    gradient: winogradGradientF45,
    weightGradient: winogradWeightGradientF45,
  },
};

/** For filters of 3x3. */
export const WINOGRAD_3X3: WinogradKernels = {
  ...F43,
  positions: 36,
  input: winogradInputF43,
  weight: winogradWeightF43,
  output: winogradOutputF43,
  gradient: winogradGradientF43,
  weightGradient: winogradWeightGradientF43,
};

/** Threads a workgroup of the matrix product: whole subgroups. */
export interface ProductAttributes {
  workgroupSize: number;
}

/** product [G,P,I,J] of left [G,P,I,K] and right [G,P,K,J], J a multiple of 4: one for each network and position. */
const matrixProduct = (
  name: string,
  shader: WgslModule,
  /** Of the block of a thread: `shrinks` if only a part of it is computed where there is no more. */
  {
    rows,
    vectors = 1,
    narrow = false,
    shrinks = false,
  }: { rows: number; vectors?: number; narrow?: boolean; shrinks?: boolean },
) =>
  defineKernel({
    name,
    shader,
    outputs: ({ left, right }: Record<'left' | 'right', TensorSpec>, _: ProductAttributes) => ({
      product: f32([...left.shape.slice(0, 3), right.shape[3]]),
    }),
    params: ({ left, right }) => ({
      rows: left.shape[2],
      terms: left.shape[3] / (narrow ? 4 : 1),
      columns: right.shape[3] / 4,
    }),
    overrides: ({ left, right }, { workgroupSize }) => ({
      WORKGROUP_SIZE: workgroupSize,
      ...(shrinks && {
        TALL: Number(left.shape[2] > rows / 2),
        WIDE: Number(right.shape[3] / 4 > workgroupSize),
      }),
    }),
    workgroups: ({ left: { shape }, right }, { workgroupSize }) => {
      const [down, across] = [Math.ceil(shape[2] / rows), right.shape[3] / 4 / vectors];
      const batch = shape[0] * shape[1];
      if (narrow) return [Math.ceil(down / workgroupSize), across, batch];
      return [Math.ceil(across / workgroupSize), down, batch];
    },
    flops: ({ left: { shape }, right }) => 2 * shape.reduce((a, b) => a * b, 1) * right.shape[3],
  });

export const winogradProduct = matrixProduct('winograd.product', productShader, { rows: 4 });
/** The same for subgroups of 4 lanes or more. */
export const winogradProductSubgroup = matrixProduct(
  'winograd.product_subgroup',
  productSubgroupShader,
  { rows: 16, vectors: 2, shrinks: true },
);
/** … for few columns and terms in whole vec4s. */
export const winogradProductNarrowSubgroup = matrixProduct(
  'winograd.product_narrow_subgroup',
  productNarrowSubgroupShader,
  { rows: 8, narrow: true },
);
