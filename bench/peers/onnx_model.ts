import { OnnxGraph as Graph } from '../../src/onnx/file';

/** A graph as plain data, which a page can be handed: the library's writer makes the file of it. */
export interface OnnxGraph {
  nodes: OnnxNode[];
  initializers: Record<string, OnnxTensor>;
  inputs: Record<string, readonly number[]>;
  outputs: Record<string, readonly number[]>;
}

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

/** A model file. */
export function onnxModel({ nodes, initializers, inputs, outputs }: OnnxGraph): Uint8Array {
  const graph = new Graph('graph');
  for (const [name, shape] of Object.entries(inputs)) graph.input(name, shape);
  for (const [name, { shape, data }] of Object.entries(initializers)) {
    graph.constant(name, shape, data);
  }
  for (const { op, inputs, outputs, attributes = {}, floats = [] } of nodes) {
    const typed = Object.entries(attributes).map(([name, value]) => [
      name,
      floats.includes(name) ? { float: value as number } : value,
    ]);
    graph.node(op, outputs, inputs, Object.fromEntries(typed) as Parameters<Graph['node']>[3]);
  }
  for (const [name, shape] of Object.entries(outputs)) graph.output(name, shape);
  return graph.encode();
}
