import { describe, expect, it } from 'vitest';
import { FacegradError } from '../../src/gpu/errors';
import { fromHalf, readSafetensors, toHalf, writeSafetensors } from '../../src/train/safetensors';

const tensors = [
  { name: 'a.weight', shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, -0, 1e-8) },
  { name: 'b', shape: [1], data: Float32Array.of(65504) },
  { name: 'scalar', shape: [], data: Float32Array.of(7) },
  { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
];
const metadata = { format: 'facegrad', note: 'ü "quoted"' };
const bits = (data: Float32Array) => [
  ...new Uint32Array(data.buffer, data.byteOffset, data.length),
];

/** A file of the given header and data. */
function file(header: unknown, data = new Uint8Array(0), length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const out = new Uint8Array(8 + json.length + data.length);
  new DataView(out.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  out.set(json, 8);
  out.set(data, 8 + json.length);
  return out;
}

describe('safetensors', () => {
  it('float32 comes back bit for bit, NaNs included', () => {
    const odd = new Uint32Array([0x7fc0dead, 0xff800000, 0x00000001, 0x80000000]);
    const all = [...tensors, { name: 'odd', shape: [4], data: new Float32Array(odd.buffer) }];
    const read = readSafetensors(writeSafetensors(all, metadata));
    expect(read.metadata).toEqual(metadata);
    expect([...read.tensors.keys()]).toEqual(all.map(({ name }) => name));
    for (const { name, shape, data } of all) {
      expect(read.tensors.get(name)!.shape).toEqual(shape);
      expect(bits(read.tensors.get(name)!.data)).toEqual(bits(data));
    }
  });

  it('writes views of a larger buffer, and reads at any byte offset', () => {
    const whole = Float32Array.of(9, 1, 2, 9);
    const written = writeSafetensors(
      [{ name: 'view', shape: [2], data: whole.subarray(1, 3) }],
      {},
    );
    const shifted = new Uint8Array(written.length + 3);
    shifted.set(written, 3);
    expect([...readSafetensors(shifted.subarray(3)).tensors.get('view')!.data]).toEqual([1, 2]);
  });

  it('is laid out as the format says: length, JSON padded to 8 bytes, data without gaps', () => {
    const written = writeSafetensors(tensors, metadata);
    const length = Number(new DataView(written.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(written.subarray(8, 8 + length)));
    expect(header['a.weight']).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] });
    expect(header.b.data_offsets).toEqual([24, 28]);
    expect(written.length).toBe(8 + length + 32);
  });

  it('float16 keeps what a half can hold', () => {
    const values = [0, 1, -2, 0.5, 65504, 2 ** -14, 2 ** -24, -(2 ** -24), 1 / 3];
    const data = Float32Array.from(values);
    const written = writeSafetensors([{ name: 'h', shape: [9], data }], {}, 'F16');
    const read = readSafetensors(written).tensors.get('h')!;
    expect([...read.data.subarray(0, 8)]).toEqual(values.slice(0, 8));
    expect(read.data[8]).toBe(0x555 * 2 ** -12); // 1/3 to 11 bits
  });

  it('bfloat16 is the upper half of a float32', () => {
    const header = { b: { dtype: 'BF16', shape: [4], data_offsets: [0, 8] } };
    const halves = Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x0001);
    const read = readSafetensors(file(header, new Uint8Array(halves.buffer))).tensors.get('b')!;
    expect([...read.data]).toEqual([1, -2, Infinity, 2 ** -133]);
  });

  it('PyTorch’s count of batches is passed over', () => {
    const header = {
      'bn.num_batches_tracked': { dtype: 'I64', shape: [], data_offsets: [0, 8] },
      'bn.weight': { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
    };
    const { tensors } = readSafetensors(file(header, new Uint8Array(12)));
    expect([...tensors.keys()]).toEqual(['bn.weight']);
  });

  const good = { x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } };
  const bad: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(0), /shorter than 8/],
    ['seven bytes', new Uint8Array(7), /shorter than 8/],
    ['cut in the header', writeSafetensors(tensors, {}).subarray(0, 40), /its header/],
    ['cut in the data', writeSafetensors(tensors, {}).slice(0, -1), /past the end/],
    ['a header longer than any file', file('{}', undefined, 2n ** 63n), /its header/],
    ['no JSON', file('{"x":'), /not JSON/],
    ['JSON that is a list', file([1, 2]), /not a JSON object/],
    ['JSON null', file('null'), /not a JSON object/],
    ['an entry that is null', file({ x: null }), /x has no/],
    [
      'no shape',
      file({ x: { dtype: 'F32', data_offsets: [0, 8] } }, new Uint8Array(8)),
      /x has no/,
    ],
    ['no offsets', file({ x: { dtype: 'F32', shape: [2] } }, new Uint8Array(8)), /x has no/],
    ['a negative extent', file({ x: { ...good.x, shape: [-2] } }, new Uint8Array(8)), /x has no/],
    ['a fraction', file({ x: { ...good.x, shape: [1.5] } }, new Uint8Array(8)), /x has no/],
    [
      'another size',
      file({ x: { ...good.x, shape: [3] } }, new Uint8Array(8)),
      /8 bytes do not match \[3\]/,
    ],
    ['offsets past the end', file(good, new Uint8Array(7)), /past the end/],
    ['negative offsets', file({ x: { ...good.x, data_offsets: [-8, 0] } }), /x has no/],
    [
      'a type that is not read',
      file({ x: { ...good.x, dtype: 'I64' } }, new Uint8Array(8)),
      /x is I64/,
    ],
    [
      'ranges that overlap',
      file({ ...good, y: { dtype: 'F32', shape: [2], data_offsets: [4, 12] } }, new Uint8Array(12)),
      /y overlaps/,
    ],
    ['one range for two tensors', file({ ...good, y: good.x }, new Uint8Array(8)), /y overlaps/],
    [
      'bytes between tensors',
      file({ x: { ...good.x, data_offsets: [4, 12] } }, new Uint8Array(12)),
      /4 bytes before x/,
    ],
    ['bytes after the tensors', file(good, new Uint8Array(9)), /1 bytes at the end/],
    [
      'a tensor that ends before it begins',
      file({ x: { ...good.x, data_offsets: [8, 0] } }, new Uint8Array(8)),
      /x ends at 0/,
    ],
    [
      'a type that every object has',
      file({ x: { ...good.x, dtype: 'constructor' } }, new Uint8Array(8)),
      /x is constructor/,
    ],
    [
      'metadata that are no strings',
      file({ __metadata__: { a: 1 }, ...good }, new Uint8Array(8)),
      /metadata/,
    ],
  ];
  it.each(bad)('refuses %s', (_, bytes, message) => {
    let error: unknown;
    try {
      readSafetensors(bytes, 'some.safetensors');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(FacegradError);
    expect((error as FacegradError).kind).toBe('bad-input');
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/some\.safetensors/);
  });
});

describe('float16', () => {
  it('every half comes back from float32 as itself', () => {
    for (let h = 0; h < 0x10000; h++) {
      const value = fromHalf(h);
      if (Number.isNaN(value)) expect(Number.isNaN(fromHalf(toHalf(value)))).toBe(true);
      else if (toHalf(value) !== h) throw new Error(`${h} -> ${value} -> ${toHalf(value)}`);
    }
  });

  const cases: [string, number, number][] = [
    ['zero', 0, 0],
    ['minus zero', -0, 0x8000],
    ['one', 1, 0x3c00],
    ['infinity', Infinity, 0x7c00],
    ['minus infinity', -Infinity, 0xfc00],
    ['not a number', NaN, 0x7e00],
    ['the largest', 65504, 0x7bff],
    ['just under the middle to infinity', 65519.99, 0x7bff],
    ['the middle to infinity, to even', 65520, 0x7c00],
    ['past the largest', 1e6, 0x7c00],
    ['the smallest normal', 2 ** -14, 0x0400],
    ['the largest subnormal', 1023 * 2 ** -24, 0x03ff],
    ['between them, up to the normal', 1023.6 * 2 ** -24, 0x0400],
    ['the smallest subnormal', 2 ** -24, 0x0001],
    ['half of it: a tie, to even', 2 ** -25, 0],
    ['a little more than half of it', 1.0001 * 2 ** -25, 0x0001],
    ['three halves of it: a tie, to even', 3 * 2 ** -25, 0x0002],
    ['far below', 1e-12, 0],
    ['negative subnormal', -5 * 2 ** -24, 0x8005],
    ['a tie down to even', 1 + 2 ** -11, 0x3c00],
    ['a tie up to even', 1 + 3 * 2 ** -11, 0x3c02],
    ['just over a tie', 1 + 2 ** -11 + 2 ** -20, 0x3c01],
    ['a carry into the exponent', 2 - 2 ** -12, 0x4000],
  ];
  it.each(cases)('%s', (_, value, half) => {
    expect(toHalf(value)).toBe(half);
  });
});
