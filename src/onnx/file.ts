/**
 * ONNX files. They are protocol buffers; a writer of the six messages that a network needs is shorter
 * than the description that a library for them would want, and ships with the page.
 * Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
 */
import { size } from '../kernels/kernel';

export type OnnxAttribute = number | readonly number[] | string | { float: number };

interface Node {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Record<string, OnnxAttribute>;
}

/** An extent, or the name of one that is known when the network is run. */
export type OnnxExtent = number | string;

interface Port {
  name: string;
  shape: readonly OnnxExtent[];
  type: number;
}

const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;
const IR_VERSION = 8;
const OPSET = 17;

/** A graph that nodes are appended to, each after those it reads. */
export class OnnxGraph {
  readonly #nodes: Node[] = [];
  readonly #inputs: Port[] = [];
  readonly #outputs: Port[] = [];
  readonly #initializers = new Map<string, Uint8Array>();

  constructor(readonly name: string) {}

  input(name: string, shape: readonly OnnxExtent[], type: 'float' | 'int32' = 'float'): string {
    this.#inputs.push({ name, shape, type: type === 'float' ? FLOAT : INT32 });
    return name;
  }

  output(name: string, shape: readonly OnnxExtent[]): void {
    this.#outputs.push({ name, shape, type: FLOAT });
  }

  /** A tensor of the file, in float32. */
  constant(name: string, shape: readonly number[], data: Float32Array): string {
    if (size(shape) !== data.length) throw new RangeError(`${name}: ${data.length} for [${shape}]`);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#initializers.set(name, tensor(name, shape, FLOAT, bytes));
    return name;
  }

  /** A list of int64, as shapes and axes are given. */
  integers(name: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    this.#initializers.set(name, tensor(name, [values.length], INT64, new Uint8Array(data.buffer)));
    return name;
  }

  /** Appends a node and returns its (first) output, `name`. An input '' is one that is left out. */
  node(
    op: string,
    name: string | readonly string[],
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
  ): string {
    const outputs = typeof name === 'string' ? [name] : name;
    this.#nodes.push({ op, inputs, outputs, attributes });
    return outputs[outputs.length - 1];
  }

  /** The file. */
  encode(metadata: Record<string, string> = {}): Uint8Array<ArrayBuffer> {
    const graph = message([
      ...this.#nodes.map((node) => bytes(1, encodeNode(node))),
      text(2, this.name),
      ...[...this.#initializers.values()].map((initializer) => bytes(5, initializer)),
      ...this.#inputs.map((port) => bytes(11, encodePort(port))),
      ...this.#outputs.map((port) => bytes(12, encodePort(port))),
    ]);
    return message([
      integer(1, IR_VERSION),
      text(2, 'facegrad'),
      bytes(7, graph),
      bytes(8, message([text(1, ''), integer(2, OPSET)])),
      ...Object.entries(metadata).map(([key, value]) =>
        bytes(14, message([text(1, key), text(2, value)])),
      ),
    ]);
  }
}

function encodeNode({ op, inputs, outputs, attributes }: Node): Uint8Array {
  return message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(3, outputs[outputs.length - 1]),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, encodeAttribute(name, value))),
  ]);
}

/** An attribute says its type beside its value: 1 float, 2 int, 3 string, 7 ints. */
function encodeAttribute(name: string, value: OnnxAttribute): Uint8Array {
  if (typeof value === 'number') return message([text(1, name), integer(3, value), integer(20, 2)]);
  if (typeof value === 'string') return message([text(1, name), text(4, value), integer(20, 3)]);
  if ('float' in value) return message([text(1, name), float(2, value.float), integer(20, 1)]);
  return message([text(1, name), ...value.map((item) => integer(8, item)), integer(20, 7)]);
}

function encodePort({ name, shape, type }: Port): Uint8Array {
  const extents = shape.map((extent) =>
    bytes(1, message([typeof extent === 'number' ? integer(1, extent) : text(2, extent)])),
  );
  const tensorType = message([integer(1, type), bytes(2, message(extents))]);
  return message([text(1, name), bytes(2, message([bytes(1, tensorType)]))]);
}

function tensor(name: string, shape: readonly number[], type: number, raw: Uint8Array): Uint8Array {
  const extents = shape.map((extent) => integer(1, extent));
  return message([...extents, integer(2, type), text(8, name), bytes(9, raw)]);
}

// ---- Protocol buffers: a field is its number and wire type, then a varint, 4 bytes, or length and bytes

function varint(value: number): number[] {
  const digits: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) digits.push((value % 128) | 128);
  return [...digits, value];
}

function integer(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field * 8), ...varint(value)]);
}

function float(field: number, value: number): Uint8Array {
  const result = new Uint8Array(5);
  result[0] = field * 8 + 5;
  new DataView(result.buffer).setFloat32(1, value, true);
  return result;
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return message([Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
}

function text(field: number, value: string): Uint8Array {
  return bytes(field, new TextEncoder().encode(value));
}

function message(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
