/** IDX, the format of MNIST's files: two zero bytes, a type, the sizes, big-endian numbers. */
import { FacegradError } from '../gpu/errors';
import type { ImageSet } from './dataset';
import { gunzip, isGzip } from './gzip';

export type IdxData =
  Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  /** Sizes, slowest first. */
  dims: number[];
  data: IdxData;
}

interface IdxType {
  bytes: number;
  make(count: number): IdxData;
  read(view: DataView, offset: number): number;
}

const TYPES = new Map<number, IdxType>([
  [0x08, { bytes: 1, make: (n) => new Uint8Array(n), read: (v, o) => v.getUint8(o) }],
  [0x09, { bytes: 1, make: (n) => new Int8Array(n), read: (v, o) => v.getInt8(o) }],
  [0x0b, { bytes: 2, make: (n) => new Int16Array(n), read: (v, o) => v.getInt16(o) }],
  [0x0c, { bytes: 4, make: (n) => new Int32Array(n), read: (v, o) => v.getInt32(o) }],
  [0x0d, { bytes: 4, make: (n) => new Float32Array(n), read: (v, o) => v.getFloat32(o) }],
  [0x0e, { bytes: 8, make: (n) => new Float64Array(n), read: (v, o) => v.getFloat64(o) }],
]);

const UINT8 = 0x08;

/**
 * Reads an IDX file, plain or gzipped (told apart by its first bytes).
 * Throws `bad-input`, naming `file`, on a bad magic number, an unknown type, or data that is
 * shorter or longer than the header says.
 */
export async function parseIdx(bytes: Uint8Array, file: string): Promise<IdxArray> {
  const plain = isGzip(bytes) ? await gunzip(bytes, file) : bytes;
  const fail = (what: string): never => {
    throw new FacegradError('bad-input', `${file}: ${what}`);
  };
  if (plain.length < 4) {
    return fail(`an IDX header takes at least 4 bytes; this file has ${plain.length}`);
  }
  const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
  if (view.getUint16(0) !== 0) {
    const found = view.getUint32(0).toString(16).padStart(8, '0');
    return fail(`not an IDX file: it should begin with two zero bytes but begins with 0x${found}`);
  }
  const code = view.getUint8(2);
  const type = TYPES.get(code);
  if (!type) return fail(`unknown IDX type 0x${code.toString(16).padStart(2, '0')}`);
  const rank = view.getUint8(3);
  if (rank === 0) return fail('an IDX file needs at least 1 dimension; this one has 0');
  const start = 4 + 4 * rank;
  if (plain.length < start) {
    return fail(`truncated in the header: ${plain.length} of ${start} bytes`);
  }
  const dims = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = dims.reduce((product, dim) => product * dim, 1);
  const wanted = count * type.bytes;
  const found = plain.length - start;
  if (found !== wanted) {
    const problem = found < wanted ? 'truncated' : 'longer than its header says';
    return fail(`${problem}: ${dims.join('x')} needs ${wanted} bytes of data but has ${found}`);
  }
  // Bytes need no conversion, and a view on them saves a copy of a file of tens of megabytes.
  if (code === UINT8) return { dims, data: plain.subarray(start) };
  const data = type.make(count);
  for (let i = 0; i < count; i++) data[i] = type.read(view, start + i * type.bytes);
  return { dims, data };
}

/** A named file's content. */
export interface NamedBytes {
  file: string;
  bytes: Uint8Array;
}

/**
 * Reads a pair of IDX files, images (N x height x width bytes) and labels (N bytes).
 * Throws `bad-input`, naming the file, if one of them is not that, if the counts differ, or if a
 * label is not an index into `classes`.
 */
export async function parseIdxImageSet(
  name: string,
  images: NamedBytes,
  labels: NamedBytes,
  classes: readonly string[],
): Promise<ImageSet> {
  const pixels = await parseIdx(images.bytes, images.file);
  const [count, height, width] = pixels.dims;
  if (!(pixels.data instanceof Uint8Array) || pixels.dims.length !== 3) {
    throw new FacegradError(
      'bad-input',
      `${images.file}: expected images (N x height x width bytes), found ${describe(pixels)}`,
    );
  }
  const classOf = await parseIdx(labels.bytes, labels.file);
  if (!(classOf.data instanceof Uint8Array) || classOf.dims.length !== 1) {
    throw new FacegradError(
      'bad-input',
      `${labels.file}: expected labels (N bytes), found ${describe(classOf)}`,
    );
  }
  if (classOf.dims[0] !== count) {
    throw new FacegradError(
      'bad-input',
      `${labels.file} has ${classOf.dims[0]} labels, but ${images.file} has ${count} images`,
    );
  }
  const bad = classOf.data.findIndex((label) => label >= classes.length);
  if (bad >= 0) {
    throw new FacegradError(
      'bad-input',
      `${labels.file}: label ${bad} is ${classOf.data[bad]}, expected 0 to ${classes.length - 1}`,
    );
  }
  return {
    name,
    width,
    height,
    count,
    images: pixels.data,
    labels: classOf.data,
    classes,
  };
}

/** Writes bytes as an IDX file. `dims` multiply to `data.length`. */
export function encodeIdx(dims: readonly number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = 4 + 4 * dims.length;
  const bytes = new Uint8Array(start + data.length);
  const view = new DataView(bytes.buffer);
  bytes[2] = UINT8;
  bytes[3] = dims.length;
  dims.forEach((dim, i) => view.setUint32(4 + 4 * i, dim));
  bytes.set(data, start);
  return bytes;
}

function describe({ dims, data }: IdxArray): string {
  return `${dims.join('x')} of ${data.constructor.name.replace('Array', '').toLowerCase()}`;
}
