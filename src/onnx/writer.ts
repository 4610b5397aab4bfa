import { FacegradError } from '../gpu/errors';
import { size } from '../kernels/kernel';
import type { Network } from '../nn/network';
import type { Entry, NamedTensor } from '../nn/parameters';
import { Value } from '../tape/value';
import { OnnxGraph, type OnnxAttribute } from './file';
import type { AnyOperation, Applied, Trace } from './trace';

/** An operation, and the same one of a pass with other numbers of samples and frames. */
export interface Step {
  one: Applied;
  other: Applied;
}

/** A shape in both passes. */
export type Shapes = readonly [one: readonly number[], other: readonly number[]];

/**
 * The tensor of a value, or one for each element of its leading axis: kernels compute all streams at once, ONNX
 * has layers of its own for each.
 */
export type Held = string | readonly string[];

/** What becomes of an operation: its ONNX nodes, and what holds its outputs. */
export type Convert = (onnx: Writer, step: Step) => Record<string, Held>;

export const refuse = (what: string, details: { operation?: string } = {}): never => {
  throw new FacegradError('unsupported', `ONNX export: ${what}`, details);
};

export const inputShapes = ({ one, other }: Step, name: string): Shapes => [
  one.inputs[name]!.shape,
  other.inputs[name]!.shape,
];

export const outputShapes = ({ one, other }: Step, name = 'y'): Shapes => [
  one.outputs[name].shape,
  other.outputs[name].shape,
];

/** The shapes of one stream. */
export const ofStream = ([one, other]: Shapes): Shapes => [one.slice(1), other.slice(1)];

/** A number that both passes have under another value: samples, or frames. */
interface Count {
  one: number;
  other: number;
  /** Where the file finds it. */
  input: string;
  axis: number;
}

/** Attributes as text, without those that are read from both passes. */
const text = (attributes: unknown) =>
  JSON.stringify(attributes, (key, value) =>
    ['shape', 'starts', 'ends'].includes(key) || value instanceof Value ? undefined : value,
  );

/** Writes ONNX from two passes over the same network. Only what the asked values need is written. */
export class Writer {
  readonly graph = new OnnxGraph('facegrad');
  readonly #whole = new Map<Value, string>();
  readonly #streams = new Map<Value, readonly string[]>();
  readonly #makers = new Map<Value, { step: Step; output: string }>();
  readonly #read: ReadonlySet<Value | undefined>;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #counts: Count[];
  readonly #integers = new Map<string, string>();
  #names = 0;

  constructor(
    { config, arenas }: Network,
    readonly file: ReadonlyMap<string, NamedTensor>,
    readonly known: ReadonlyMap<AnyOperation, Convert>,
    [one, other]: readonly [Trace, Trace],
  ) {
    one.applied.forEach((applied, i) => {
      const step = { one: applied, other: other.applied[i] };
      if (step.other?.operation !== applied.operation) {
        refuse('the network does different things for different numbers of samples or frames');
      }
      for (const [output, value] of Object.entries(applied.outputs)) {
        // An operation that hands its input on makes nothing.
        if (!Object.values(applied.inputs).includes(value)) {
          this.#makers.set(value, { step, output });
        }
      }
    });
    const read = one.applied.flatMap(({ inputs }) => Object.values(inputs));
    this.#read = new Set([...read, one.logits]);
    const entries = Object.values(arenas).flatMap((arena) => arena.entries);
    this.#entries = new Map(entries.map((entry) => [entry.name, entry]));

    const { streams, size } = config;
    const counted = one.lengths ? ['T', 'N'] : ['N'];
    const inputs = streams.map((stream) => this.graph.input(stream, [...counted, 1, size, size]));
    const [input] = inputs;
    this.#counts = [
      { one: one.samples, other: other.samples, input, axis: counted.length - 1 },
      ...(one.lengths ? [{ one: one.frames, other: other.frames, input, axis: 0 }] : []),
    ];
    const pictures = (frames: string) =>
      this.node('Reshape', [frames, this.integers([-1, 1, size, size])]);
    this.#hold(one.x, one.lengths ? inputs.map(pictures) : inputs);
    if (one.lengths) this.#hold(one.lengths, this.graph.input('lengths', ['N'], 'int32'));
  }

  // ---- Values

  /** The value as one tensor, which is written first where it has not been. */
  get(value: Value): string {
    this.#make(value);
    let whole = this.#whole.get(value);
    if (!whole) {
      const parts = this.#streams.get(value)!;
      const axes = this.integers([0]);
      const rows = parts.map((part) => this.node('Unsqueeze', [part, axes]));
      whole = rows.length === 1 ? rows[0] : this.node('Concat', rows, { axis: 0 });
      this.#whole.set(value, whole);
    }
    return whole;
  }

  /** The value as one tensor for each element of its leading axis. */
  streams(value: Value): readonly string[] {
    this.#make(value);
    let parts = this.#streams.get(value);
    if (!parts) {
      const whole = this.get(value);
      const [count] = value.shape;
      const rows = count === 1 ? [whole] : this.nodes('Split', count, [whole], { axis: 0 });
      const axes = this.integers([0]);
      parts = rows.map((row) => this.node('Squeeze', [row, axes]));
      this.#streams.set(value, parts);
    }
    return parts;
  }

  /** Whether the value is held as one tensor for each stream. */
  inStreams(value: Value): boolean {
    this.#make(value);
    return this.#streams.has(value);
  }

  /** The same for each stream, where all values are held so; else once. */
  each(values: readonly Value[], make: (...names: string[]) => string): Held {
    const [{ shape }] = values;
    const alike = values.every(
      (value) =>
        this.inStreams(value) && value.shape.length === shape.length && value.shape[0] === shape[0],
    );
    if (!alike) return make(...values.map((value) => this.get(value)));
    const streams = values.map((value) => this.streams(value));
    return streams[0].map((_, g) => make(...streams.map((names) => names[g])));
  }

  /** Whether the value is an operation's input, or what the network gives. */
  isRead(value: Value): boolean {
    return this.#read.has(value);
  }

  #hold(value: Value, held: Held): void {
    if (typeof held === 'string') this.#whole.set(value, held);
    else this.#streams.set(value, held);
  }

  #make(value: Value): void {
    if (this.#whole.has(value) || this.#streams.has(value)) return;
    const maker = this.#makers.get(value);
    if (!maker) return this.#hold(value, this.#parameter(value));
    const { step, output } = maker;
    const { operation, attributes, outputs } = step.one;
    const { name } = operation;
    const convert = this.known.get(operation);
    if (!convert) return refuse(`the operation ${name} is not supported`, { operation: name });
    if (text(attributes) !== text(step.other.attributes)) {
      refuse(`what ${name} does depends on the number of samples or frames`, { operation: name });
    }
    const made = convert(this, step);
    if (!made[output]) refuse(`ONNX has no ${output} of ${name}`, { operation: name });
    for (const [key, held] of Object.entries(made)) this.#hold(outputs[key], held);
  }

  // ---- Parameters

  /** The tensors of the weights file that a parameter is: one for each stream. */
  tensors(value: Value): NamedTensor[] {
    const entry = this.#entries.get(value.name);
    if (entry?.value !== value) {
      return refuse(`${value.name || 'a value'} is neither a parameter nor made by an operation`);
    }
    const streams = entry.streams ?? [''];
    return streams.map((stream) => this.file.get(entry.name.replace('*', stream))!);
  }

  /** The same as constants, in PyTorch's order. */
  constants(value: Value): string[] {
    return this.tensors(value).map(({ name, shape, data }) =>
      this.graph.constant(name, shape, data),
    );
  }

  #parameter(value: Value): Held {
    const entry = this.#entries.get(value.name);
    const seen = entry && entry.value !== value && size(value.shape) === size(entry.value.shape);
    if (seen) return this.node('Reshape', [entry.value, this.integers(value.shape)]);
    const names = this.constants(value);
    const { order, streams } = entry!;
    const stored =
      order === 'conv'
        ? names.map((name) => this.node('Transpose', [name], { perm: [1, 2, 3, 0] }))
        : names;
    return streams ? stored : stored[0];
  }

  // ---- Nodes

  /** A node with a name of its own. An input may be '' where it is left out. */
  node(
    op: string,
    inputs: readonly (Value | string)[],
    attributes: Record<string, OnnxAttribute> = {},
  ): string {
    return this.nodes(op, 1, inputs, attributes)[0];
  }

  /** A node of several outputs: so many, or those that are wanted; the others' names are ''. */
  nodes(
    op: string,
    wanted: number | readonly boolean[],
    inputs: readonly (Value | string)[],
    attributes: Record<string, OnnxAttribute> = {},
  ): string[] {
    const names = inputs.map((input) => (typeof input === 'string' ? input : this.get(input)));
    const all = typeof wanted === 'number' ? new Array<boolean>(wanted).fill(true) : wanted;
    const outputs = all.map((want) => (want ? this.#fresh(op) : ''));
    this.graph.node(op, outputs.slice(0, all.lastIndexOf(true) + 1), names, attributes);
    return outputs;
  }

  #fresh(op: string): string {
    return `${op.toLowerCase()}_${this.#names++}`;
  }

  number(value: number): string {
    return this.constant([], Float32Array.of(value));
  }

  integers(values: readonly number[]): string {
    const key = values.join();
    let name = this.#integers.get(key);
    if (!name) {
      name = this.graph.integers(this.#fresh('integers'), values);
      this.#integers.set(key, name);
    }
    return name;
  }

  constant(shape: readonly number[], data: Float32Array): string {
    return this.graph.constant(this.#fresh('constant'), shape, data);
  }

  // ---- Shapes

  /** x in another shape. */
  reshaped(x: string, from: Shapes, to: Shapes): string {
    const same = from.every((shape, i) => shape.join() === to[i].join());
    return same ? x : this.node('Reshape', [x, this.shape(to)]);
  }

  /**
   * A shape as ONNX is given it: extents that count samples or frames are computed from the inputs' shapes.
   * @param open one of them may be left to be found, -1
   */
  shape([one, other]: Shapes, open = true): string {
    const extents = one.map((extent, i) =>
      extent === other[i] ? extent : this.#counted(extent, other[i]),
    );
    const unknown = extents.filter((extent) => extent === undefined).length;
    if (unknown > (open ? 1 : 0)) refuse(`[${one}] and [${other}] count samples in unknown ways`);
    if (open) {
      const free = extents.findIndex((extent) =>
        unknown ? extent === undefined : typeof extent !== 'number',
      );
      if (free >= 0) extents[free] = -1;
    }
    if (extents.every((extent) => typeof extent === 'number')) return this.integers(extents);
    const pieces = extents.map((extent) =>
      typeof extent === 'number' ? this.integers([extent]) : extent!(),
    );
    return this.node('Concat', pieces, { axis: 0 });
  }

  /** What writes an extent that is a multiple of the number of samples, of frames, or of both. */
  #counted(one: number, other: number): (() => string) | undefined {
    const [samples, frames] = this.#counts;
    const choices = frames ? [[samples], [frames], [samples, frames]] : [[samples]];
    for (const counts of choices) {
      const factor = counts.reduce((left, count) => left / count.one, one);
      const same = factor === counts.reduce((left, count) => left / count.other, other);
      if (!same || !Number.isInteger(factor)) continue;
      return () => {
        const factors = counts.map(({ input, axis }) =>
          this.node('Gather', [this.node('Shape', [input]), this.integers([axis])], { axis: 0 }),
        );
        if (factor !== 1) factors.push(this.integers([factor]));
        return factors.reduce((a, b) => this.node('Mul', [a, b]));
      };
    }
    return undefined;
  }
}
