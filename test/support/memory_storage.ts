import type { Storage, TypedArray } from '../../src/tape/storage';
import type { Value } from '../../src/tape/value';

/** A `Storage` in CPU memory, for what never runs a plan. */
export function memoryStorage(): Storage {
  const roots = new Map<Value, ArrayBuffer>();
  const bytesOf = ({ root }: Value): ArrayBuffer => {
    if (!roots.has(root)) roots.set(root, new ArrayBuffer(root.bytes));
    return roots.get(root)!;
  };
  return {
    write(value: Value, data: TypedArray | Uint8Array) {
      const { buffer, byteOffset, byteLength } = data;
      new Uint8Array(bytesOf(value), value.offset * 4).set(
        new Uint8Array(buffer, byteOffset, byteLength),
      );
    },
    read(value: Value): Promise<TypedArray> {
      const begin = value.offset * 4;
      const copy = bytesOf(value).slice(begin, begin + value.bytes);
      return Promise.resolve(
        value.spec.dtype === 'f32' ? new Float32Array(copy) : new Uint32Array(copy),
      );
    },
  } as unknown as Storage;
}
