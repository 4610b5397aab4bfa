import { FacegradError } from '../gpu/errors';
import type { NamedTensor } from '../nn/parameters';

/** Element types that are written; f16 halves a file at the cost of 3 decimal digits. */
export type WeightType = 'F32' | 'F16';

/** A `.safetensors` file: tensors by name, and string metadata. */
export interface TensorFile {
  tensors: Map<string, NamedTensor>;
  metadata: Record<string, string>;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Writes a file as https://huggingface.co/docs/safetensors lays it down: length, JSON header, data. */
export function writeSafetensors(
  tensors: Iterable<NamedTensor>,
  metadata: Record<string, string>,
  type: WeightType = 'F32',
): Uint8Array {
  const header: Record<string, HeaderEntry | Record<string, string>> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const bytes =
      type === 'F32'
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : new Uint8Array(Uint16Array.from(data, toHalf).buffer);
    header[name] = { dtype: type, shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  let json = new TextEncoder().encode(JSON.stringify(header));
  const padding = (8 - (json.length % 8)) % 8; // the data begins at a multiple of 8
  json = Uint8Array.from([...json, ...new Array(padding).fill(0x20)]);
  const file = new Uint8Array(8 + json.length + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  let at = 8 + json.length;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

/** How each element type becomes float32. */
const READERS: Record<string, { bytes: number; read: (buffer: ArrayBuffer) => Float32Array }> = {
  F32: { bytes: 4, read: (buffer) => new Float32Array(buffer) },
  F16: { bytes: 2, read: (buffer) => Float32Array.from(new Uint16Array(buffer), fromHalf) },
  BF16: { bytes: 2, read: fromBrain },
};

/** Python's library reads no longer header either. */
const LONGEST_HEADER = 100_000_000;

/**
 * Reads a file; float16 and bfloat16 come back as float32. As in Python's library the tensors must fill
 * the file: none overlaps another, and nothing lies between or after them.
 * @param name the file's, for messages
 * @throws FacegradError `bad-input` when it is cut short or its header does not hold
 */
export function readSafetensors(file: Uint8Array, name = 'weights'): TensorFile {
  const fail = (why: string): never => {
    throw new FacegradError('bad-input', `${name}: ${why}`);
  };
  if (file.length < 8) fail('is not a safetensors file: it is shorter than 8 bytes');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > file.length - 8)
    fail(`its header should take ${length} bytes, but the file has ${file.length}`);
  if (length > LONGEST_HEADER)
    fail(`its header takes ${length} bytes; at most ${LONGEST_HEADER} are supported`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  } catch {
    return fail('the header is not JSON');
  }
  if (!isRecord(header)) return fail('the header is not a JSON object');
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((text) => typeof text !== 'string')) {
    return fail('the metadata are not strings');
  }
  const data = file.subarray(8 + length);
  const tensors = new Map<string, NamedTensor>();
  const ranges: { key: string; from: number; to: number }[] = [];
  for (const [key, entry] of Object.entries(entries)) {
    if (!isHeaderEntry(entry)) return fail(`${key} has no dtype, shape and data_offsets`);
    const { dtype, shape, data_offsets } = entry;
    const [from, to] = data_offsets;
    if (from > to) fail(`${key} ends at ${to}, before it begins at ${from}`);
    if (to > data.length) fail(`${key} extends past the end of the file`);
    ranges.push({ key, from, to });
    // PyTorch's batch norm counts batches in an int64 that nothing here reads.
    if (key.endsWith('.num_batches_tracked')) continue;
    if (!Object.hasOwn(READERS, dtype)) {
      return fail(`${key} is ${dtype}, expected ${Object.keys(READERS).join(', ')}`);
    }
    const { bytes, read } = READERS[dtype];
    const count = shape.reduce((a, b) => a * b, 1);
    if (to - from !== count * bytes)
      fail(`${key}: ${to - from} bytes do not match [${shape}] of ${dtype}`);
    // A copy: Node's Buffer is a Uint8Array whose `slice` is none.
    const buffer = new Uint8Array(data.subarray(from, to)).buffer;
    tensors.set(key, { name: key, shape, data: read(buffer) });
  }
  let end = 0;
  for (const { key, from, to } of ranges.sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from < end) fail(`${key} overlaps the tensor before it`);
    if (from > end) fail(`${from - end} bytes before ${key} do not belong to any tensor`);
    end = to;
  }
  if (end < data.length) fail(`${data.length - end} bytes at the end do not belong to any tensor`);
  return { tensors, metadata: metadata as Record<string, string> };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHeaderEntry(value: unknown): value is HeaderEntry {
  const sizes = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (!isRecord(value)) return false;
  const { dtype, shape, data_offsets: offsets } = value;
  return typeof dtype === 'string' && sizes(shape) && sizes(offsets) && offsets.length === 2;
}

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** float32 to the bits of the nearest float16 (ties to even). */
export function toHalf(value: number): number {
  scratch[0] = value;
  const bits = scratchBits[0];
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const mantissa = bits & 0x7fffff;
  if (exponent >= 31) {
    const nan = (bits & 0x7fffffff) > 0x7f800000;
    return sign | (nan ? 0x7e00 : 0x7c00);
  }
  if (exponent <= 0) {
    if (exponent < -10) return sign;
    const full = mantissa | 0x800000;
    return sign | roundShift(full, 14 - exponent);
  }
  return sign + (exponent << 10) + roundShift(mantissa, 13);
}

/** value / 2^shift, to nearest, ties to even. A carry into the exponent is right by construction. */
function roundShift(value: number, shift: number): number {
  const floor = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && floor & 1) ? floor + 1 : floor;
}

/** bfloat16 is the upper half of a float32. */
function fromBrain(buffer: ArrayBuffer): Float32Array {
  const bits = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
  return new Float32Array(bits.buffer);
}

/** The number that float16 bits stand for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}
