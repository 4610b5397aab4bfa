import { FacegradError } from '../gpu/errors';
import type { Gpu } from '../gpu/device';
import { BufferUsage } from '../gpu/usage';
import type { Value } from './value';

export type TypedArray = Float32Array | Uint32Array | Int32Array;

const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = BufferUsage;

/** The memory of `state` values on one device; plans that use the same values share it. */
export class Storage {
  readonly #buffers = new Map<Value, GPUBuffer>();
  readonly #lent = new Set<GPUBuffer>();

  constructor(readonly gpu: Gpu) {}

  /** The buffer of a state value's root, made at first use: zeros, or its initial content. */
  buffer(value: Value): GPUBuffer {
    const { root } = value;
    if (root.role !== 'state') {
      throw new FacegradError('internal', `${root.name} is a temporary and has no storage`);
    }
    let buffer = this.#buffers.get(root);
    if (!buffer) {
      buffer = this.gpu.createBuffer(root.name, root.bytes, STORAGE | COPY_SRC | COPY_DST);
      this.#buffers.set(root, buffer);
      if (root.initial) this.write(root, root.initial);
    }
    return buffer;
  }

  /** Has a value live in a buffer that the caller owns; `dispose` leaves it. */
  lend(value: Value, buffer: GPUBuffer): void {
    this.#buffers.set(value.root, buffer);
    this.#lent.add(buffer);
  }

  /** Writes a value's elements, in its physical layout, from `data`. */
  write(value: Value, data: TypedArray | Uint8Array): void {
    if (data.byteLength > value.bytes) {
      throw new FacegradError('bad-input', `${value.name} holds ${value.bytes} bytes`, {
        wanted: data.byteLength,
        available: value.bytes,
      });
    }
    this.gpu.write(this.buffer(value), value.offset * 4, data);
  }

  /** Copies a value's elements back, after everything submitted so far. */
  read(value: Value): Promise<TypedArray> {
    return readBuffer(this.gpu, this.buffer(value), value);
  }

  /** Bytes held. */
  get bytes(): number {
    return [...this.#buffers.values()].reduce((sum, buffer) => sum + buffer.size, 0);
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) if (!this.#lent.has(buffer)) buffer.destroy();
    this.#buffers.clear();
    this.#lent.clear();
  }
}

/** Copies a value's elements out of the buffer that holds its root. */
export async function readBuffer(gpu: Gpu, buffer: GPUBuffer, value: Value): Promise<TypedArray> {
  const { name, bytes, offset, spec } = value;
  const staging = gpu.createBuffer(`${name} readback`, bytes, MAP_READ | COPY_DST);
  try {
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset * 4, staging, 0, bytes);
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.map(staging);
    gpu.assertAlive();
    const copy = staging.getMappedRange().slice(0, bytes);
    if (spec.dtype === 'f32') return new Float32Array(copy);
    return spec.dtype === 'u32' ? new Uint32Array(copy) : new Int32Array(copy);
  } catch (error) {
    gpu.assertAlive();
    throw error;
  } finally {
    staging.destroy();
  }
}
