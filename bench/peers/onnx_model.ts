/** The little of ONNX's protobuf that a graph of standard nodes needs (onnx.proto3, IR version 8). */

export interface OnnxNode {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes?: Record<string, number | number[]>;
  /** Names of the attributes that are floats; the others are integers. */
  floats?: string[];
}

export interface OnnxTensor {
  shape: readonly number[];
  data: Float32Array;
}

export interface OnnxGraph {
  nodes: OnnxNode[];
  initializers: Record<string, OnnxTensor>;
  inputs: Record<string, readonly number[]>;
  outputs: Record<string, readonly number[]>;
}

const FLOAT = 1;
const OPSET = 17;

/** A model file. */
export function onnxModel(graph: OnnxGraph): Uint8Array {
  const opset = message([text(1, ''), integer(2, OPSET)]);
  return message([integer(1, 8), bytes(7, encodeGraph(graph)), bytes(8, opset)]);
}

function encodeGraph({ nodes, initializers, inputs, outputs }: OnnxGraph): Uint8Array {
  return message([
    ...nodes.map((node) => bytes(1, encodeNode(node))),
    text(2, 'graph'),
    ...Object.entries(initializers).map(([name, tensor]) => bytes(5, encodeTensor(name, tensor))),
    ...Object.entries(inputs).map(([name, shape]) => bytes(11, encodeValue(name, shape))),
    ...Object.entries(outputs).map(([name, shape]) => bytes(12, encodeValue(name, shape))),
  ]);
}

function encodeNode({ op, inputs, outputs, attributes = {}, floats = [] }: OnnxNode): Uint8Array {
  return message([
    ...inputs.map((name) => text(1, name)),
    ...outputs.map((name) => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => {
      if (floats.includes(name)) {
        return bytes(5, message([text(1, name), float(2, value as number), integer(20, 1)]));
      }
      const list = typeof value === 'number';
      const fields = list
        ? [integer(3, value), integer(20, 2)]
        : [...value.map((n) => integer(8, n)), integer(20, 7)];
      return bytes(5, message([text(1, name), ...fields]));
    }),
  ]);
}

function encodeTensor(name: string, { shape, data }: OnnxTensor): Uint8Array {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return message([
    ...shape.map((extent) => integer(1, extent)),
    integer(2, FLOAT),
    text(8, name),
    bytes(9, raw),
  ]);
}

function encodeValue(name: string, shape: readonly number[]): Uint8Array {
  const dimensions = message(shape.map((extent) => bytes(1, message([integer(1, extent)]))));
  const tensor = message([integer(1, FLOAT), bytes(2, dimensions)]);
  return message([text(1, name), bytes(2, message([bytes(1, tensor)]))]);
}

function varint(value: number): number[] {
  const result: number[] = [];
  let rest = value;
  while (rest > 127) {
    result.push((rest & 127) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...result, rest];
}

const integer = (field: number, value: number): Uint8Array =>
  Uint8Array.from([...varint(field * 8), ...varint(value)]);

function float(field: number, value: number): Uint8Array {
  const result = new Uint8Array(5);
  result[0] = field * 8 + 5;
  new DataView(result.buffer).setFloat32(1, value, true);
  return result;
}

function bytes(field: number, content: Uint8Array): Uint8Array {
  return message([Uint8Array.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
}

const text = (field: number, value: string): Uint8Array =>
  bytes(field, new TextEncoder().encode(value));

function message(parts: Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}
