import type { Gpu } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import { BufferUsage } from '../gpu/usage';
import { size, type DType, type TensorSpec } from '../kernels/kernel';
import { readBuffer, type TypedArray } from '../tape/storage';
import { Value } from '../tape/value';

const USAGE = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;

/** Numbers in the CPU's memory with their shape, row-major: what eager calls take and give. */
export interface HostTensor {
  shape: readonly number[];
  data: TypedArray;
}

/** What a caller may write for a `HostTensor`: plain numbers become the type that the input has. */
export interface HostInput {
  shape: readonly number[];
  data: TypedArray | Uint8Array | Uint8ClampedArray | readonly number[];
}

/** Plain numbers and bytes (pictures as they are) become the type that is asked for. */
export const isPlain = (data: unknown): data is readonly number[] | Uint8Array =>
  Array.isArray(data) || data instanceof Uint8Array || data instanceof Uint8ClampedArray;

const ARRAYS = { f32: Float32Array, u32: Uint32Array, i32: Int32Array };

/** The element type of a typed array that WebGPU can hold; nothing for others. */
export function dtypeOf(data: unknown): DType | undefined {
  return (Object.keys(ARRAYS) as DType[]).find((dtype) => data instanceof ARRAYS[dtype]);
}

/** Numbers in the GPU's memory with their shape, dense and row-major. Its creator disposes of it. */
export class Tensor {
  readonly #buffer: GPUBuffer;
  #users = 0;
  #disposed = false;

  private constructor(
    readonly gpu: Gpu,
    readonly shape: readonly number[],
    readonly dtype: DType,
  ) {
    this.#buffer = gpu.createBuffer(`tensor [${shape}]`, size(shape) * 4, USAGE);
  }

  /** Copies numbers to the GPU. Plain numbers and bytes become float32, or `dtype`. */
  static from(gpu: Gpu, { shape, data }: HostInput, dtype: DType = 'f32'): Tensor {
    const typed = isPlain(data) ? ARRAYS[dtype].from(data) : data;
    const given = dtypeOf(typed);
    if (!given) {
      throw new FacegradError(
        'bad-input',
        'a tensor is made from a Float32Array, Uint32Array, Int32Array, Uint8Array or an array of numbers',
        { wanted: Object.keys(ARRAYS), available: data },
      );
    }
    if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) {
      throw new FacegradError('bad-input', `[${shape}] is not a valid shape`, { available: shape });
    }
    if (typed.length !== size(shape)) {
      throw new FacegradError(
        'bad-input',
        `shape [${shape}] has ${size(shape)} elements but the data has ${typed.length}`,
        { wanted: size(shape), available: typed.length },
      );
    }
    const tensor = new Tensor(gpu, [...shape], given);
    gpu.write(tensor.#buffer, 0, typed);
    return tensor;
  }

  /** A tensor whose elements someone is about to write. @internal */
  static empty(gpu: Gpu, { shape, dtype }: TensorSpec): Tensor {
    return new Tensor(gpu, shape, dtype);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Copies the numbers back, after every call made so far. */
  async read(): Promise<TypedArray> {
    const buffer = this.borrow(this.gpu, 'read');
    try {
      const { shape, dtype } = this;
      return await readBuffer(this.gpu, buffer, new Value('tensor', { shape, dtype }, 'state'));
    } finally {
      this.giveBack();
    }
  }

  /** Gives the memory back; calls that have begun still finish. Twice is once. */
  dispose(): void {
    this.#disposed = true;
    this.#free();
  }

  /** Its buffer, which stays until `giveBack`. @internal */
  borrow(gpu: Gpu, what: string): GPUBuffer {
    if (this.#disposed) {
      throw new FacegradError(
        'bad-input',
        `${what}: the tensor [${this.shape}] has been disposed`,
        {
          operation: what,
        },
      );
    }
    if (gpu !== this.gpu) {
      throw new FacegradError(
        'bad-input',
        `${what}: the tensor [${this.shape}] lives on another device`,
        { operation: what },
      );
    }
    gpu.assertAlive();
    this.#users++;
    return this.#buffer;
  }

  /** @internal */
  giveBack(): void {
    this.#users--;
    this.#free();
  }

  #free(): void {
    if (this.#disposed && this.#users === 0) this.#buffer.destroy();
  }
}
