import { packParams, type WgslModule } from '../src/gpu/wgsl';
import { size, storageSize, type DType, type Kernel, type TensorSpec } from '../src/kernels/kernel';

/** A tensor with its numbers; one without them is for the shader to write. */
export interface Given extends TensorSpec {
  data?: ArrayLike<number>;
}

/** A tensor that a shader is given. */
export type Filled = Given & { data: ArrayLike<number> };

/** One dispatch of a shader, and what it must give. */
export interface Dispatch {
  name: string;
  /** By the names of the file's bindings. */
  tensors: Record<string, Given>;
  params: Record<string, number>;
  overrides?: Record<string, number>;
  constants?: Record<string, number>;
  groups: [number, number, number];
  expected: Record<string, ArrayLike<number>>;
}

/** Numbers from -2 to 2 in steps of 1/8, no two of neighbours alike: short to read, and exact in a sum of few. */
export function numbers(count: number, seed = 1): number[] {
  let state = seed * 2654435761;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.round((state / 2 ** 32 - 0.5) * 32) / 8;
  });
}

/** A tensor of given numbers, or of ones from a seed. */
export function tensor(
  shape: readonly number[],
  data: ArrayLike<number> | number = 1,
  dtype: DType = 'f32',
): Filled {
  const given = typeof data === 'number' ? numbers(size(shape), data) : data;
  // What float32 cannot hold is rounded here, so that reference and shader get the same numbers.
  return { shape, dtype, data: dtype === 'f32' ? Array.from(given, Math.fround) : given };
}

/** What a kernel of the library does with these inputs. */
export function dispatchOf<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  name: string,
  inputs: Record<I, Filled>,
  attributes: A,
  expected: Record<string, ArrayLike<number>>,
  more: Partial<Dispatch> = {},
): Dispatch {
  // A kernel may give the very spec of an input, and here that has numbers.
  const made = Object.entries<TensorSpec>(kernel.outputs(inputs, attributes)).map(
    ([key, { shape, dtype, layout }]) => [key, { shape, dtype, layout }],
  );
  return {
    name,
    tensors: { ...Object.fromEntries(made), ...inputs },
    params: kernel.params?.(inputs, attributes) ?? {},
    overrides: kernel.overrides?.(inputs, attributes),
    constants: kernel.constants?.(inputs, attributes),
    groups: kernel.workgroups(inputs, attributes),
    expected,
    ...more,
  };
}

/** The dispatch with workgroups of another size, few enough threads to draw; `threads` are wanted in all. */
export function inWorkgroupsOf(size: number, threads: number, dispatch: Dispatch): Dispatch {
  return {
    ...dispatch,
    overrides: { ...dispatch.overrides, WORKGROUP_SIZE: size },
    groups: [Math.ceil(threads / size), 1, 1],
  };
}

const POISON = 0x7fc0dead; // a NaN: what is read before it is written shows

/** The bits of a tensor in its physical layout; what is not given is poison. */
export function bitsOf(given: Given): Uint32Array<ArrayBuffer> {
  const bits = new Uint32Array(storageSize(given)).fill(given.data ? 0 : POISON);
  if (given.data) {
    const words = typed(given.dtype, bits);
    const { data } = given;
    elements(given).forEach((at, i) => (words[at] = data[i]));
  }
  return bits;
}

/** The words as numbers of the type. */
export function typed(dtype: DType, bits: Uint32Array<ArrayBuffer>) {
  if (dtype === 'f32') return new Float32Array(bits.buffer);
  return dtype === 'i32' ? new Int32Array(bits.buffer) : bits;
}

/** Where the elements lie in memory, in order. */
export function elements({ shape, layout }: TensorSpec): number[] {
  const count = size(shape);
  if (!layout) return Array.from({ length: count }, (_, i) => i);
  const [height, width] = shape.slice(-2);
  const stride = (height + 2 * layout.border) * layout.rowStride;
  return Array.from({ length: count }, (_, i) => {
    const [plane, within] = [Math.floor(i / (height * width)), i % (height * width)];
    const [y, x] = [Math.floor(within / width), within % width];
    return plane * stride + (y + layout.border) * layout.rowStride + x + layout.border;
  });
}

/** The buffers by group and binding, as WebGPU and the machine want them. */
export function buffersOf(shader: WgslModule, { tensors, params }: Dispatch) {
  const storage = shader.bindings.map(({ name }) => bitsOf(tensors[name]));
  const uniform = new ArrayBuffer(shader.params?.size ?? 0);
  if (shader.params) packParams(shader, params, new DataView(uniform), 0);
  return { storage, uniform };
}

/** `x[1, 2]`: a word of a buffer in the tensor's own indices. */
export function place(tensors: Record<string, Given>, memory: string, word: number): string {
  const spec = tensors[memory];
  if (!spec || spec.shape.length < 2 || word < 0) return `${memory}[${word}]`;
  let at = elements(spec).indexOf(word);
  if (at < 0) return `place ${word} of ${memory}, in its border,`;
  const indices = [...spec.shape].reverse().map((extent) => {
    const index = at % extent;
    at = Math.floor(at / extent);
    return index;
  });
  return `${memory}[${indices.reverse().join(', ')}]`;
}
