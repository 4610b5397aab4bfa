import { FacegradError } from '../gpu/errors';
import type { SubgroupSizes } from '../gpu/subgroups';
import type { WgslModule } from '../gpu/wgsl';

export type DType = 'f32' | 'u32' | 'i32';

/**
 * Physical layout of the last two axes (H, W): a border of `border` zeros on every side, rows
 * `rowStride` elements apart. Element (y, x) of a plane is at (y + border) * rowStride + x + border.
 */
export interface Layout {
  border: number;
  rowStride: number;
}

/** Shape, element type and, where it is not dense, the physical layout of a tensor. */
export interface TensorSpec {
  shape: readonly number[];
  dtype: DType;
  layout?: Layout;
}

/**
 * What a kernel takes and gives: stateless, and without a device. Inputs, outputs and attributes go by the names
 * of the file's bindings. A `read_write` binding that the caller passes is updated in place (or is
 * the destination); those it does not pass are new tensors, of the shapes that `outputs` gives.
 */
export interface Kernel<
  I extends string = string,
  O extends string = string,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each kernel has attributes of its own
  A = any,
> {
  /** `<op>.<file>`, as in `max_pool.backward`. */
  name: string;
  shader: WgslModule;
  outputs(inputs: Record<I, TensorSpec>, attributes: A): Record<O, TensorSpec>;
  /** Fields of the uniform struct. */
  params?(inputs: Record<I, TensorSpec>, attributes: A): Record<string, number>;
  /** Of the file's `override`s those that are not what it says itself. */
  overrides?(inputs: Record<I, TensorSpec>, attributes: A): Record<string, number> | undefined;
  /** Values for the file's `// tunable:` constants. */
  constants?(inputs: Record<I, TensorSpec>, attributes: A): Record<string, number>;
  workgroups(inputs: Record<I, TensorSpec>, attributes: A): [number, number, number];
  /** Floating-point operations of the mathematics of one dispatch, for benchmarks. */
  flops?(inputs: Record<I, TensorSpec>, attributes: A): number;
  /** Those that it does for it, where a tile's rest makes them more, or what is known to be 0 fewer. */
  executed?(inputs: Record<I, TensorSpec>, attributes: A): number;
  /** Bindings that it neither reads nor writes this time, for benchmarks. */
  untouched?(inputs: Record<I, TensorSpec>, attributes: A): string[];
}

/** Keeps the names of inputs and outputs in the type. */
/* @__NO_SIDE_EFFECTS__ */
export function defineKernel<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
): Kernel<I, O, A> {
  return kernel;
}

/** Number of elements of a shape. */
export function size(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** An axis counted from the end where it is negative. */
export function axisOf(name: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new FacegradError('bad-input', `${name}: axis ${axis} of ${rank}`, {
      operation: name,
      wanted: axis,
      available: rank,
    });
  }
  return axis < 0 ? axis + rank : axis;
}

/** Number of elements that a tensor occupies, its border included. */
export function storageSize({ shape, layout }: TensorSpec): number {
  if (!layout) return size(shape);
  return size(shape.slice(0, -2)) * planeStride(shape, layout);
}

/** Elements from one (H, W) plane to the next. */
export function planeStride(shape: readonly number[], layout?: Layout): number {
  const [height, width] = shape.slice(-2);
  return layout ? (height + 2 * layout.border) * layout.rowStride : height * width;
}

export function f32(shape: readonly number[], layout?: Layout): TensorSpec {
  return { shape, dtype: 'f32', layout };
}

export function u32(shape: readonly number[]): TensorSpec {
  return { shape, dtype: 'u32' };
}

/** The layout that the tiled convolutions read: a zero border and rows that are whole `vec4`s. */
export function bordered(width: number, border = 2): Layout {
  return { border, rowStride: Math.ceil((width + 2 * border) / 4) * 4 };
}

/** Border and row stride of a tensor, dense ones included: what kernels take as parameters. */
export function layoutOf({ shape, layout }: TensorSpec): Layout {
  return layout ?? { border: 0, rowStride: shape[shape.length - 1] };
}

/** The smallest power of two that is not below `count`. */
export const powerOfTwo = (count: number) => 2 ** Math.ceil(Math.log2(count));

/**
 * Lanes of a subgroup on a GPU that is a CPU, else undefined: only there are they never more than 8. Such a machine runs a
 * workgroup's subgroups one after another, every barrier costs it all of their registers, and SwiftShader begins all of
 * the workgroup's memory with zeros again for each. So a workgroup with a barrier is one subgroup there.
 */
export function cpuLanes(capabilities?: SubgroupSizes): number | undefined {
  const lanes = capabilities?.subgroupMaxSize ?? 0;
  return lanes > 0 && lanes <= 8 ? lanes : undefined;
}

/** Whether every subgroup has so many lanes at least. */
export function subgroupsOf(capabilities: SubgroupSizes | undefined, lanes: number): boolean {
  return (capabilities?.subgroupMinSize ?? 0) >= lanes;
}

/** Threads of a workgroup that meet at a barrier; where it is left out, as many as suit a GPU. */
export interface Gathered {
  threads?: number;
}

/**
 * Threads of a workgroup that adds up `count` elements with barriers: about 64 elements each, as software
 * adapters pay for every thread that waits.
 */
export function reducers(count: number, largest = 128): number {
  let threads = 32;
  while (threads < largest && threads * 64 < count) threads *= 2;
  return threads;
}

const MAX_WORKGROUPS = 65535;

/**
 * Workgroups for `count` invocations in a line, folded into two dimensions where one is not enough.
 * The kernel's index is `id.x + id.y * groups.x * WORKGROUP_SIZE`, and it returns past the end.
 */
export function linear(count: number, workgroupSize: number): [number, number, number] {
  const groups = Math.max(1, Math.ceil(count / workgroupSize));
  if (groups <= MAX_WORKGROUPS) return [groups, 1, 1];
  const y = Math.ceil(groups / MAX_WORKGROUPS);
  return [Math.ceil(groups / y), y, 1];
}
