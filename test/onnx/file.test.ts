import { describe, expect, it } from 'vitest';
import { OnnxGraph } from '../../src/onnx/file';

/** Fields of a protobuf message: numbers as they are, everything with a length as bytes. */
function fields(bytes: Uint8Array): [number, number | Uint8Array][] {
  const found: [number, number | Uint8Array][] = [];
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag % 8 === 0) found.push([tag >> 3, varint()]);
    else if (tag % 8 === 5) found.push([tag >> 3, bytes.slice(at, (at += 4))]);
    else {
      const length = varint();
      found.push([tag >> 3, bytes.slice(at, (at += length))]);
    }
  }
  return found;
}

const one = (bytes: Uint8Array, field: number) =>
  fields(bytes).find(([number]) => number === field)![1] as Uint8Array;
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe('OnnxGraph', () => {
  const data = Float32Array.from({ length: 300 }, (_, i) => i / 7);
  const written = new OnnxGraph('graph');
  written.node('Conv', 'y', [written.input('x', [1, 300]), written.constant('w', [3, 100], data)], {
    pads: [2, 2, 2, 2],
    epsilon: { float: 0.5 },
    group: 1,
  });
  written.output('y', [3]);
  const model = written.encode();
  const graph = one(model, 7);

  it('names its versions', () => {
    expect(fields(model)).toContainEqual([1, 8]);
    expect(fields(one(model, 8))).toContainEqual([2, 17]);
  });

  it('keeps a tensor of more than 127 bytes whole', () => {
    const tensor = one(graph, 5);
    expect(fields(tensor).filter(([field]) => field === 1)).toEqual([
      [1, 3],
      [1, 100],
    ]);
    expect(new Float32Array(one(tensor, 9).slice().buffer)).toEqual(data);
  });

  it('tells integers, floats and lists apart', () => {
    const node = one(graph, 1);
    const attributes = fields(node).filter(([field]) => field === 5);
    const byName = new Map(
      attributes.map(([, bytes]) => [
        text(one(bytes as Uint8Array, 1)),
        fields(bytes as Uint8Array),
      ]),
    );
    expect(byName.get('pads')!.filter(([field]) => field === 8)).toHaveLength(4);
    expect(byName.get('pads')).toContainEqual([20, 7]);
    expect(byName.get('group')).toContainEqual([3, 1]);
    const half = byName.get('epsilon')!.find(([field]) => field === 2)![1] as Uint8Array;
    expect(new DataView(half.buffer, half.byteOffset).getFloat32(0, true)).toBe(0.5);
  });
});
