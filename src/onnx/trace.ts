import { FacegradError } from '../gpu/errors';
import type { NamedTensor } from '../nn/parameters';
import { Tape, type Operation } from '../tape/tape';
import type { Value } from '../tape/value';
import type { OnnxGraph } from './file';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- operations of every kind
export type AnyOperation = Operation<any, any, any, any>;

/** One operation that a forward pass applied. */
export interface Applied {
  operation: AnyOperation;
  inputs: Record<string, Value | undefined>;
  outputs: Record<string, Value>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- attributes are each operation's own
  attributes: any;
}

/** A tape that remembers what is applied, down to the operations that `known` has. */
export class TracingTape extends Tape {
  readonly applied: Applied[] = [];
  #inside = 0;

  constructor(readonly known: ReadonlyMap<AnyOperation, unknown>) {
    super();
  }

  override apply<
    In extends { [K in keyof In]: Value | undefined },
    O extends string,
    S extends string,
    A,
  >(
    operation: Operation<In, O, S, A>,
    inputs: In,
    attributes: A = undefined as A,
  ): Record<O | S, Value> {
    const whole = this.known.has(operation) || !operation.composite;
    if (whole) this.#inside++;
    const outputs = super.apply(operation, inputs, attributes);
    if (whole) this.#inside--;
    if (whole && this.#inside === 0) {
      this.applied.push({
        operation,
        inputs: { ...inputs },
        outputs,
        attributes: attributes ?? {},
      });
    }
    return outputs;
  }
}

/** An operation, and the same one of a pass with another number of samples. */
export interface Step {
  one: Applied;
  other: Applied;
}

/** What becomes of an operation: its ONNX nodes, and the name of every output. */
export type Convert = (onnx: Writer, step: Step) => Record<string, string>;

/**
 * Writes ONNX from two passes over the same network: where they differ, an extent counts samples. Only what
 * the asked values need is written.
 */
export class Writer {
  readonly #names = new Map<Value, string>();
  readonly #makers = new Map<Value, { step: Step; output: string }>();
  #count = 0;

  constructor(
    readonly graph: OnnxGraph,
    readonly tensors: ReadonlyMap<string, NamedTensor>,
    readonly known: ReadonlyMap<AnyOperation, Convert>,
    one: readonly Applied[],
    other: readonly Applied[],
  ) {
    one.forEach((applied, i) => {
      const step = { one: applied, other: other[i] };
      if (step.other?.operation !== applied.operation) {
        throw new FacegradError('unsupported', 'the network does other things with more samples');
      }
      for (const [output, value] of Object.entries(applied.outputs)) {
        // An operation that hands its input on (dropout at rest) makes nothing.
        if (!this.#makers.has(value)) this.#makers.set(value, { step, output });
      }
    });
  }

  /** Says that a value is an input of the graph. */
  name(value: Value, name: string): void {
    this.#names.set(value, name);
  }

  /** The name of a value in the graph, which is written first where it has not been. */
  get(value: Value): string {
    const known = this.#names.get(value);
    if (known) return known;
    const maker = this.#makers.get(value);
    if (!maker) return this.constantOf(value);
    const convert = this.known.get(maker.step.one.operation);
    if (!convert) {
      throw new FacegradError(
        'unsupported',
        `ONNX export: nothing is known of the operation ${maker.step.one.operation.name}`,
        { operation: maker.step.one.operation.name },
      );
    }
    const outputs = convert(this, maker.step);
    for (const [output, name] of Object.entries(outputs)) {
      this.#names.set(maker.step.one.outputs[output], name);
    }
    return this.#names.get(value)!;
  }

  /** A node with a name of its own. An input may be '' where it is left out. */
  node(
    op: string,
    inputs: readonly (Value | string)[],
    attributes: Parameters<OnnxGraph['node']>[3] = {},
  ): string {
    const names = inputs.map((input) => (typeof input === 'string' ? input : this.get(input)));
    return this.graph.node(op, this.fresh(op), names, attributes);
  }

  /** A node of several outputs. */
  nodes(
    op: string,
    count: number,
    inputs: readonly (Value | string)[],
    attributes: Parameters<OnnxGraph['node']>[3],
  ): string[] {
    const names = inputs.map((input) => (typeof input === 'string' ? input : this.get(input)));
    const outputs = Array.from({ length: count }, () => this.fresh(op));
    this.graph.node(op, outputs, names, attributes);
    return outputs;
  }

  fresh(op: string): string {
    return `${op.toLowerCase()}_${this.#count++}`;
  }

  number(value: number): string {
    return this.graph.constant(this.fresh('number'), [], Float32Array.of(value));
  }

  integers(values: readonly number[]): string {
    return this.graph.integers(this.fresh('integers'), values);
  }

  constant(shape: readonly number[], data: Float32Array): string {
    return this.graph.constant(this.fresh('weight'), shape, data);
  }

  /** The numbers of a parameter. */
  dataOf(value: Value): Float32Array {
    const tensor = this.tensors.get(value.name);
    if (!tensor) {
      throw new FacegradError(
        'unsupported',
        `ONNX export: ${value.name || 'a value'} is neither a parameter nor made by an operation`,
        { wanted: [...this.tensors.keys()], available: value.name },
      );
    }
    return tensor.data;
  }

  constantOf(value: Value): string {
    const data = this.dataOf(value);
    const name = this.graph.constant(value.name, value.shape, data);
    this.#names.set(value, name);
    return name;
  }

  /** A shape for ONNX: -1 for the extent that counts samples. */
  shape(one: readonly number[], other: readonly number[]): number[] {
    const shape = one.map((extent, i) => (extent === other[i] ? extent : -1));
    if (shape.filter((extent) => extent < 0).length > 1) {
      throw new FacegradError('unsupported', `ONNX export: [${one}] counts samples more than once`);
    }
    return shape;
  }
}
