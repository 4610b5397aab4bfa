import gradientF3Shader from '../../shaders/winograd/gradient_f3.wgsl';
import gradientF4Shader from '../../shaders/winograd/gradient_f4.wgsl';
import inputF3Shader from '../../shaders/winograd/input_f3.wgsl';
import inputF4Shader from '../../shaders/winograd/input_f4.wgsl';
import outputF3Shader from '../../shaders/winograd/output_f3.wgsl';
import outputF4Shader from '../../shaders/winograd/output_f4.wgsl';
import productShader from '../../shaders/winograd/product.wgsl';
import productSubgroupShader from '../../shaders/winograd/product_subgroup.wgsl';
import weightF3Shader from '../../shaders/winograd/weight_f3.wgsl';
import weightF4Shader from '../../shaders/winograd/weight_f4.wgsl';
import weightGradientF3Shader from '../../shaders/winograd/weight_gradient_f3.wgsl';
import weightGradientF4Shader from '../../shaders/winograd/weight_gradient_f4.wgsl';
import type { WgslModule } from '../gpu/wgsl';
import { defineKernel, f32, layoutOf, planeStride, type TensorSpec } from './kernel';

/** Images of a batch that are transformed together: all of them, unless a binding could not hold that. */
export interface ImageRange {
  first: number;
  count: number;
}

/** How maps are cut into tiles of `tile` x `tile` outputs. */
function tilesOf([, , , H, W]: readonly number[], tile: number, { count }: ImageRange) {
  const [down, across] = [Math.ceil(H / tile), Math.ceil(W / tile)];
  const tiles = count * down * across;
  return { tiles_across: across, tiles_down: down, tiles, padded_tiles: Math.ceil(tiles / 4) * 4 };
}

/** Threads in a line for every network. */
const lines = (count: number, G: number): [number, number, number] => [Math.ceil(count / 64), 1, G];

/** m of F(m x m, 5x5): outputs of a tile in a row. */
export type WinogradTile = 3 | 4;

/** The kernels of F(m x m, 5x5): m x m outputs from (m + 4) x (m + 4) numbers. */
export interface WinogradKernels {
  /** m. */
  tile: WinogradTile;
  /** (m + 4)². */
  positions: number;
  input: typeof winogradInputF4;
  weight: typeof winogradWeightF4;
  output: typeof winogradOutputF4;
  gradient: typeof winogradGradientF4;
  weightGradient: typeof winogradWeightGradientF4;
}

const positionsOf = (tile: number) => (tile + 4) ** 2;

/** transformed [G,P,C,T] of x [G,N,C,H,W] with the layout `bordered(W)`. */
const inputTransform = (name: string, shader: WgslModule, tile: number) =>
  defineKernel({
    name,
    shader,
    outputs: ({ x }: Record<'x', TensorSpec>, range: ImageRange) => {
      const { padded_tiles } = tilesOf(x.shape, tile, range);
      return { transformed: f32([x.shape[0], positionsOf(tile), x.shape[2], padded_tiles]) };
    },
    params: ({ x }, range) => {
      const unit = tile === 4 ? 4 : 1; // of the offsets: windows of 8 are read as vec4s
      return {
        images: x.shape[1],
        first_image: range.first,
        channels: x.shape[2],
        rows: x.shape[3] + 4,
        x_row: layoutOf(x).rowStride / unit,
        x_plane: planeStride(x.shape, x.layout) / unit,
        ...tilesOf(x.shape, tile, range),
      };
    },
    workgroups: ({ x }, range) =>
      lines(x.shape[2] * tilesOf(x.shape, tile, range).padded_tiles, x.shape[0]),
  });

export const winogradInputF4 = inputTransform('winograd.input_f4', inputF4Shader, 4);
export const winogradInputF3 = inputTransform('winograd.input_f3', inputF3Shader, 3);

/** Whether filters are rotated by 180 degrees and channels exchanged, for the gradient by the input. */
export interface Flipped {
  flipped: boolean;
}

/** filters [G,P,O,C], or flipped [G,P,C,O], of weight [G,C,5,5,O]. */
const weightTransform = (name: string, shader: WgslModule, tile: number) =>
  defineKernel({
    name,
    shader,
    outputs: ({ weight }: Record<'weight', TensorSpec>, { flipped }: Flipped) => {
      const [G, C, , , O] = weight.shape;
      return { filters: f32([G, positionsOf(tile), ...(flipped ? [C, O] : [O, C])]) };
    },
    params: ({ weight }) => ({ channels: weight.shape[1], out_channels: weight.shape[4] }),
    overrides: (_, { flipped }) => ({ FLIPPED: Number(flipped) }),
    workgroups: ({ weight: { shape } }) => lines(shape[1] * shape[4], shape[0]),
  });

export const winogradWeightF4 = weightTransform('winograd.weight_f4', weightF4Shader, 4);
export const winogradWeightF3 = weightTransform('winograd.weight_f3', weightF3Shader, 3);

/** What is known of y beside its channels. */
export interface OutputRange extends ImageRange {
  /** N, H, W. */
  images: number;
  height: number;
  width: number;
}

/** The images of a range of y [G,N,O,H,W], of product [G,P,O,T]. */
const outputTransform = (name: string, shader: WgslModule, tile: number) =>
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
      ...tilesOf([1, images, 1, height, width], tile, range),
    }),
    workgroups: ({ product: { shape } }, { images, height, width, ...range }) => {
      const { tiles } = tilesOf([1, images, 1, height, width], tile, range);
      return lines(shape[2] * tiles, shape[0]);
    },
  });

export const winogradOutputF4 = outputTransform('winograd.output_f4', outputF4Shader, 4);
export const winogradOutputF3 = outputTransform('winograd.output_f3', outputF3Shader, 3);

/** dproduct [G,P,T,O] of dy [G,N,O,H,W] with the layout `bordered(W)`. */
const gradientTransform = (name: string, shader: WgslModule, tile: number) =>
  defineKernel({
    name,
    shader,
    outputs: ({ dy }: Record<'dy', TensorSpec>, range: ImageRange) => {
      const { padded_tiles } = tilesOf(dy.shape, tile, range);
      return { dproduct: f32([dy.shape[0], positionsOf(tile), padded_tiles, dy.shape[2]]) };
    },
    params: ({ dy }, range) => ({
      images: dy.shape[1],
      first_image: range.first,
      out_channels: dy.shape[2],
      height: dy.shape[3],
      dy_row: layoutOf(dy).rowStride,
      dy_plane: planeStride(dy.shape, dy.layout),
      ...tilesOf(dy.shape, tile, range),
    }),
    workgroups: ({ dy }, range) =>
      lines(dy.shape[2] * tilesOf(dy.shape, tile, range).padded_tiles, dy.shape[0]),
  });

export const winogradGradientF4 = gradientTransform('winograd.gradient_f4', gradientF4Shader, 4);
export const winogradGradientF3 = gradientTransform('winograd.gradient_f3', gradientF3Shader, 3);

/** dweight [G,C,5,5,O] of dfilters [G,P,C,O]. */
const weightGradient = (name: string, shader: WgslModule) =>
  defineKernel({
    name,
    shader,
    outputs: ({ dfilters }: Record<'dfilters', TensorSpec>) => {
      const [G, , C, O] = dfilters.shape;
      return { dweight: f32([G, C, 5, 5, O]) };
    },
    params: ({ dfilters }) => ({
      channels: dfilters.shape[2],
      out_channels: dfilters.shape[3],
    }),
    workgroups: ({ dfilters: { shape } }) => lines(shape[2] * shape[3], shape[0]),
  });

export const winogradWeightGradientF4 = weightGradient(
  'winograd.weight_gradient_f4',
  weightGradientF4Shader,
);
export const winogradWeightGradientF3 = weightGradient(
  'winograd.weight_gradient_f3',
  weightGradientF3Shader,
);

/** By tile. */
export const WINOGRAD: Record<WinogradTile, WinogradKernels> = {
  3: {
    tile: 3,
    positions: 49,
    input: winogradInputF3,
    weight: winogradWeightF3,
    output: winogradOutputF3,
    gradient: winogradGradientF3,
    weightGradient: winogradWeightGradientF3,
  },
  4: {
    tile: 4,
    positions: 64,
    input: winogradInputF4,
    weight: winogradWeightF4,
    output: winogradOutputF4,
    gradient: winogradGradientF4,
    weightGradient: winogradWeightGradientF4,
  },
};

/** Threads a workgroup of the matrix product: whole subgroups. */
export interface ProductAttributes {
  workgroupSize: number;
}

/** product [G,P,I,J] of left [G,P,I,K] and right [G,P,K,J], J a multiple of 4: one for each network and position. */
const matrixProduct = (name: string, shader: WgslModule, rows: number, vectors: number) =>
  defineKernel({
    name,
    shader,
    outputs: ({ left, right }: Record<'left' | 'right', TensorSpec>, _: ProductAttributes) => ({
      product: f32([...left.shape.slice(0, 3), right.shape[3]]),
    }),
    params: ({ left, right }) => ({
      rows: left.shape[2],
      terms: left.shape[3],
      columns: right.shape[3] / 4,
    }),
    overrides: (_, { workgroupSize }) => ({ WORKGROUP_SIZE: workgroupSize }),
    workgroups: ({ left: { shape }, right }, { workgroupSize }) => [
      Math.ceil(right.shape[3] / 4 / vectors / workgroupSize),
      Math.ceil(shape[2] / rows),
      shape[0] * shape[1],
    ],
    flops: ({ left: { shape }, right }) => 2 * shape.reduce((a, b) => a * b, 1) * right.shape[3],
  });

export const winogradProduct = matrixProduct('winograd.product', productShader, 4, 1);
/** The same for subgroups of 4 lanes or more. */
export const winogradProductSubgroup = matrixProduct(
  'winograd.product_subgroup',
  productSubgroupShader,
  16,
  2,
);
