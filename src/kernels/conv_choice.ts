import type { Capabilities } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import {
  conv5x5BackwardInputMap3,
  conv5x5BackwardInputMap6,
  conv5x5BackwardInputSubgroup,
  conv5x5BackwardInputTiled,
  conv5x5BackwardWeightMap3,
  conv5x5BackwardWeightMap6,
  conv5x5BackwardWeightSubgroup,
  conv5x5BackwardWeightSubgroup8,
  conv5x5BackwardWeightTiled,
  conv5x5ForwardMap3,
  conv5x5ForwardMap6,
  conv5x5ForwardSubgroup,
  conv5x5ForwardTiled,
  type ConvLanes,
  type ConvSplit,
} from './conv5x5';
import { works, type FastConv5x5Variant } from './fast';
import {
  cpuLanes,
  f32,
  size,
  storageSize,
  subgroupsOf,
  type Kernel,
  type TensorSpec,
} from './kernel';
import type { ConvPass } from './tuning';
import {
  WINOGRAD,
  winogradProduct,
  winogradProductNarrowSubgroup,
  winogradProductSubgroup,
  type ImageRange,
  type ProductAttributes,
  type WinogradForm,
  type WinogradKernels,
  type WinogradTile,
} from './winograd';

/** Which kernels to run: the fastest that the device and the shapes allow, or these. */
export type Conv5x5Variant = 'auto' | 'plain' | FastConv5x5Variant;

/**
 * The variant to run for images of these shapes and layouts.
 * @throws FacegradError `bad-input` or `unsupported` when a variant is asked for that cannot run.
 */
export function conv5x5Variant(
  capabilities: Capabilities | undefined,
  read: TensorSpec[],
  variant: Conv5x5Variant = 'auto',
): 'plain' | 'tiled' | 'subgroup' | 'winograd' {
  const tiles = read.every(({ shape, layout }) => {
    const width = shape[shape.length - 1];
    return (
      layout?.border === 2 &&
      layout.rowStride % 4 === 0 &&
      layout.rowStride >= Math.ceil(width / 4) * 4 + 4
    );
  });
  const broadcasts = subgroupsOf(capabilities, 4);
  if (variant === 'auto') {
    if (!tiles) return 'plain';
    if (broadcasts && works(capabilities, 'conv5x5 subgroup')) return 'subgroup';
    return works(capabilities, 'conv5x5 tiled') ? 'tiled' : 'plain';
  }
  if (variant !== 'plain' && !tiles) {
    throw new FacegradError('bad-input', `conv5x5: '${variant}' reads the layout bordered(W)`, {
      operation: 'conv5x5',
      wanted: variant,
      available: read.map(({ layout }) => layout),
    });
  }
  if (variant === 'subgroup' && !broadcasts) {
    throw new FacegradError(
      'unsupported',
      "conv5x5: 'subgroup' needs subgroups of at least 4 lanes",
      {
        operation: 'conv5x5',
        wanted: variant,
        available: capabilities?.subgroupMinSize ?? 0,
      },
    );
  }
  return variant;
}

/** The workgroup size, in whole subgroups (of 64 at most) up to `largest`, that leaves the fewest lanes idle. */
export function fit(
  capabilities: Capabilities | undefined,
  count: number,
  largest: number,
): number {
  const lanes = Math.min(capabilities?.subgroupMaxSize || 32, 64);
  const padded = (size: number) => Math.ceil(count / size) * size;
  let best = lanes;
  for (let size = lanes; size <= largest; size += lanes) {
    if (padded(size) <= padded(best)) best = size;
  }
  return best;
}

/** The same; on a CPU a subgroup, which is as fast, so that layers of all sizes share a pipeline, which software compiles slowly. */
const withoutBarrier = (capabilities: Capabilities | undefined, count: number, largest: number) =>
  cpuLanes(capabilities) ?? fit(capabilities, count, largest);

/** Whether lanes over `count` channels fill the largest subgroup. */
const fills = (capabilities: Capabilities | undefined, count: number) =>
  count >= (capabilities?.subgroupMaxSize ?? Infinity);

/** The kernel for y, or under `backward_input` for dx, that `variant` stands for, and its attributes. */
export function conv5x5Forward(
  capabilities: Capabilities | undefined,
  pass: 'forward' | 'backward_input',
  variant: 'tiled' | 'subgroup',
  x: TensorSpec,
  weight: TensorSpec,
): { kernel: Kernel<'x' | 'weight', 'y'>; attributes: ConvLanes } {
  const [, N, , H, W] = x.shape;
  const forward = pass === 'forward';
  const attributes = { workgroupSize: withoutBarrier(capabilities, N, 64) };
  const choose = (): Kernel<'x' | 'weight', 'y'> => {
    // The subgroup kernels read the weights of 4 output channels at a time.
    const subgroup = variant === 'subgroup' && weight.shape[4] % 4 === 0;
    if (subgroup) {
      if (H <= 3 && W <= 3) return forward ? conv5x5ForwardMap3 : conv5x5BackwardInputMap3;
      if (W <= 6) return forward ? conv5x5ForwardMap6 : conv5x5BackwardInputMap6;
    }
    if (subgroup && subgroupsOf(capabilities, 8)) {
      return forward ? conv5x5ForwardSubgroup : conv5x5BackwardInputSubgroup;
    }
    return forward ? conv5x5ForwardTiled : conv5x5BackwardInputTiled;
  };
  return { kernel: choose(), attributes };
}

/** Threads that keep a GPU busy; sums over images are split to reach them. */
export const BUSY_THREADS = 16384;
/** Workgroups that keep a CPU's cores busy until the end. There, every part beyond costs more than it gives. */
export const BUSY_WORKGROUPS = 32;

/** The kernel for dweight that `variant` stands for, and how it splits its sum. */
export function conv5x5BackwardWeight(
  capabilities: Capabilities | undefined,
  variant: 'tiled' | 'subgroup',
  x: TensorSpec,
  dy: TensorSpec,
): { kernel: Kernel<'x' | 'dy', 'partials', ConvSplit>; attributes: ConvSplit } {
  const [, N, C, H, W] = x.shape;
  const small = variant === 'subgroup' && fills(capabilities, C) && W <= 6;
  const onMap = H <= 3 && W <= 3 ? conv5x5BackwardWeightMap3 : conv5x5BackwardWeightMap6;
  const bySubgroup = subgroupsOf(capabilities, 8)
    ? conv5x5BackwardWeightSubgroup8
    : conv5x5BackwardWeightSubgroup;
  const usual = variant === 'tiled' ? conv5x5BackwardWeightTiled : bySubgroup;
  const kernel = small ? onMap : usual;
  // The split depends on the shapes and the kind of device alone, so that a run can be repeated.
  // On lavapipe 80 threads take three quarters of the time of 128.
  const workgroupSize = small
    ? withoutBarrier(capabilities, C, 128)
    : fit(capabilities, 5 * C, cpuLanes(capabilities) ? 80 : 128);
  const workgroups = size(kernel.workgroups({ x, dy }, { parts: 1, workgroupSize }));
  const wanted = cpuLanes(capabilities)
    ? BUSY_WORKGROUPS / workgroups
    : BUSY_THREADS / (workgroups * workgroupSize);
  const parts = Math.max(1, Math.min(small ? N : N * H, 64, Math.ceil(wanted)));
  return { kernel, attributes: { parts, workgroupSize } };
}

/** The tile that needs the fewest multiplications for a map of this size. */
export function winogradTile([, , , H, W]: readonly number[]): WinogradTile {
  const multiplications = (tile: WinogradTile) =>
    Math.ceil(H / tile) * Math.ceil(W / tile) * WINOGRAD[tile].positions;
  return multiplications(3) < multiplications(4) ? 3 : 4;
}

/** From where on Winograd is faster, `fixed` of tiles where filters are transformed once; for passes by C O / (C + O), as what it saves grows with C O and its transforms with C + O. */
type Pays = { map: number; tiles: number; fixed?: number } & Record<ConvPass, number>;

/**
 * By lanes, as measured on SwiftShader (4) and lavapipe (8). On a GPU, where launches and memory decide, the direct kernels
 * stay. Forward, whose rounding decides a ReLU or a maximum differently now and then, it must gain more.
 */
const WINOGRAD_PAYS: Record<WinogradForm['taps'], Record<number, Pays>> = {
  5: {
    4: { map: 6, tiles: 8, fixed: 4, forward: 5, backward_input: 5, backward_weight: 5 },
    8: { map: 7, tiles: 16, forward: 24, backward_input: 16, backward_weight: 8 },
  },
  3: {
    4: { map: 3, tiles: 4, forward: 7, backward_input: 7, backward_weight: 7 },
    8: { map: 6, tiles: 4, forward: 20, backward_input: 11, backward_weight: 11 },
  },
};

/** A pass: the images and channels that it reads, the channels that it makes, and rows and columns of the map. */
export interface ConvLayer {
  images: number;
  channels: number;
  outputs: number;
  map: readonly [number, number];
  /** Whether the filters are the same in every run, and so transformed once. */
  fixed?: boolean;
}

/** Whether a pass is faster by Winograd. */
export function winogradPays(
  capabilities: Capabilities | undefined,
  pass: ConvPass,
  { tile, taps }: WinogradForm,
  { images, channels, outputs, map, fixed = false }: ConvLayer,
): boolean {
  const lanes = subgroupsOf(capabilities, 4) && cpuLanes(capabilities);
  if (!lanes) return false;
  const least = WINOGRAD_PAYS[taps][lanes];
  const tiles = (fixed && least.fixed) || least.tiles;
  return (
    Math.min(...map) >= least.map &&
    images * Math.ceil(map[0] / tile) * Math.ceil(map[1] / tile) >= tiles &&
    (channels * outputs) / (channels + outputs) >= least[pass] &&
    (pass !== 'backward_weight' || outputs % 4 === 0)
  );
}

/** WebGPU's default for the size of a storage binding. */
const BINDING_BYTES = 2 ** 27;

/**
 * The images of a batch in parts whose transforms a binding holds: `channels` is the larger number of a
 * layer's inputs and outputs.
 * @throws FacegradError `limit` when not even one image's or the filters' transform fits.
 */
export function winogradRanges(
  capabilities: Capabilities | undefined,
  { input }: WinogradKernels,
  read: TensorSpec,
  map: readonly [number, number],
  channels: number,
): ImageRange[] {
  const [, N] = read.shape;
  const available = capabilities?.limits.maxStorageBufferBindingSize ?? BINDING_BYTES;
  const bytes = (count: number) => {
    const { transformed } = input.outputs({ x: read }, { first: 0, count, map });
    const [G, P, , T] = transformed.shape;
    return storageSize(f32([G, P, channels, T])) * 4;
  };
  let count = N;
  while (count > 1 && bytes(count) > available) count = Math.ceil(count / 2);
  if (bytes(count) > available) {
    throw new FacegradError('limit', `winograd: one image's transform takes ${bytes(1)} bytes`, {
      operation: 'conv',
      wanted: bytes(1),
      available,
    });
  }
  return Array.from({ length: Math.ceil(N / count) }, (_, i) => ({
    first: i * count,
    count: Math.min(count, N - i * count),
  }));
}

/** Up to so many columns most lanes of `winogradProductSubgroup` are idle; from so many rows on those of the narrow one are not. */
const NARROW = { columns: 16, rows: 32 };

/**
 * The matrix product of left [G,P,I,K] for so many columns.
 * @throws FacegradError `bad-input` for columns that are not whole vec4s: the output channels of a weight gradient
 */
export function winogradProductKernel(
  capabilities: Capabilities | undefined,
  [, , rows, terms]: readonly number[],
  columns: number,
): {
  kernel: Kernel<'left' | 'right', 'product', ProductAttributes>;
  attributes: ProductAttributes;
} {
  if (columns % 4 !== 0) {
    throw new FacegradError('bad-input', `winograd: ${columns} channels are not a multiple of 4`, {
      operation: 'conv5x5',
      wanted: columns,
    });
  }
  // A CPU runs the subgroups of a workgroup in turn: with one each, fewer lanes are idle and layers share pipelines.
  const by = (kernel: typeof winogradProduct, threads: number) => ({
    kernel,
    attributes: {
      workgroupSize: withoutBarrier(capabilities, Math.ceil(threads), 64),
    },
  });
  if (!subgroupsOf(capabilities, 4)) return by(winogradProduct, columns / 4);
  const narrow = columns <= NARROW.columns && rows >= NARROW.rows && terms % 4 === 0;
  if (narrow) return by(winogradProductNarrowSubgroup, rows / 8);
  return by(winogradProductSubgroup, columns / 8);
}
