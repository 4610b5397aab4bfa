import { FacegradError } from '../gpu/errors';
import { f32, size } from '../kernels/kernel';
import type { Storage } from '../tape/storage';
import { state, Value } from '../tape/value';
import type { Init } from './init';

/** Elements to which every parameter's place in the flat buffer is aligned (256 bytes, for views). */
const ALIGNMENT = 64;

export interface ParameterOptions {
  init: Init;
  /** Whether weight decay applies; it does not to biases and batch norm's gamma and beta. */
  decay?: boolean;
  /**
   * Names of the leading axis: the tensor holds one parameter per stream, and weight files keep one
   * each, with `*` in the name replaced by the stream's.
   */
  streams?: readonly string[];
  /** `conv`: stored [C, kh, kw, O] for the kernels, [O, C, kh, kw] in weight files as in PyTorch. */
  order?: 'conv';
}

/** The shape in which a parameter of PyTorch's shape is stored. */
export function storedShape(
  shape: readonly number[],
  { streams, order }: Pick<ParameterOptions, 'streams' | 'order'>,
): number[] {
  const own = order === 'conv' ? [...shape.slice(1), shape[0]] : shape;
  return streams ? [streams.length, ...own] : [...own];
}

/** One tensor of an arena. */
export interface Entry extends ParameterOptions {
  name: string;
  value: Value;
}

/** A named tensor of a weight file, in PyTorch's shape. */
export interface NamedTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

/**
 * Tensors laid one after another in one flat buffer, so that one dispatch updates them all: the
 * parameters of a model (with their gradients in a second flat buffer) or its running statistics.
 */
export class ParameterArena {
  readonly flat: Value;
  readonly gradient?: Value;
  /** Elements at the head of the buffer to which weight decay applies. */
  decayLength = 0;
  readonly #entries: Entry[] = [];
  #finished = false;

  constructor(name: string, options: { gradients: boolean }) {
    this.flat = state(name, f32([0]));
    if (options.gradients) this.gradient = state(`${name}.gradient`, f32([0]));
  }

  /** Declares a tensor; its place is fixed by `finish`. */
  add(name: string, shape: readonly number[], options: ParameterOptions): Value {
    if (this.#finished) throw new FacegradError('internal', `${name} was declared too late`);
    const value = new Value(name, f32(shape), 'state');
    if (this.gradient) value.grad = new Value(`${name}.grad`, f32(shape), 'state');
    this.#entries.push({ name, value, ...options });
    return value;
  }

  /** Lays the tensors out: those with weight decay first. */
  finish(): void {
    this.#finished = true;
    let offset = 0;
    for (const decay of [true, false]) {
      for (const entry of this.#entries) {
        if ((entry.decay ?? false) !== decay) continue;
        entry.value.root = this.flat;
        entry.value.offset = offset;
        if (this.gradient) {
          entry.value.grad!.root = this.gradient;
          entry.value.grad!.offset = offset;
        }
        offset += Math.ceil(size(entry.value.shape) / ALIGNMENT) * ALIGNMENT;
      }
      if (decay) this.decayLength = offset;
    }
    this.flat.spec = f32([offset]);
    if (this.gradient) this.gradient.spec = f32([offset]);
  }

  /** In the order in which they were declared. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Number of trainable scalars, alignment gaps not counted. */
  get count(): number {
    return this.#entries.reduce((sum, { value }) => sum + size(value.shape), 0);
  }

  /** Fills the buffer by each tensor's own rule. The same seed gives the same bits everywhere. */
  initialize(storage: Storage, seed: number): void {
    const flat = new Float32Array(this.flat.shape[0]);
    this.#entries.forEach(({ value, init }, i) => {
      init(flat.subarray(value.offset, value.offset + size(value.shape)), seed, i);
    });
    storage.write(this.flat, flat);
    if (this.gradient) storage.write(this.gradient, new Float32Array(flat.length));
  }

  /** The tensors of a weight file, in PyTorch's names, shapes and order. */
  async export(storage: Storage): Promise<NamedTensor[]> {
    const flat = (await storage.read(this.flat)) as Float32Array;
    return this.#entries.flatMap((entry) =>
      files(entry).map(({ name, shape, offset }) => ({
        name,
        shape,
        data: toFile(entry, flat.subarray(offset, offset + size(shape))),
      })),
    );
  }

  /**
   * The flat buffer's content from tensors by name.
   * @throws FacegradError `bad-input` for one that is missing or of another shape
   */
  pack(tensors: ReadonlyMap<string, NamedTensor>): Float32Array {
    const flat = new Float32Array(this.flat.shape[0]);
    for (const entry of this.#entries) {
      for (const { name, shape, offset } of files(entry)) {
        const tensor = tensors.get(name);
        if (!tensor) {
          throw new FacegradError('bad-input', `the weights do not contain ${name}`, {
            wanted: name,
            available: [...tensors.keys()],
          });
        }
        if (tensor.shape.join() !== shape.join()) {
          throw new FacegradError(
            'bad-input',
            `${name} is [${tensor.shape}] in the weights but [${shape}] in the model`,
            { wanted: shape, available: tensor.shape },
          );
        }
        const bad = tensor.data.findIndex((number) => !Number.isFinite(number));
        if (bad >= 0) {
          const what = `${name} is ${tensor.data[bad]} at element ${bad} of the weights`;
          throw new FacegradError('bad-input', what, { available: tensor.data[bad] });
        }
        flat.set(fromFile(entry, tensor.data), offset);
      }
    }
    return flat;
  }
}

/** The files' view of an entry: one tensor a stream. */
function files({ name, value, streams, order }: Entry) {
  const shape = streams ? value.shape.slice(1) : [...value.shape];
  const fileShape = order === 'conv' ? [shape[3], shape[0], shape[1], shape[2]] : [...shape];
  return (streams ?? ['']).map((stream, g) => ({
    name: name.replace('*', stream),
    shape: fileShape,
    offset: value.offset + g * size(shape),
  }));
}

/** [C, kh, kw, O] -> [O, C, kh, kw]; anything else as it is. */
function toFile({ value, order }: Entry, data: Float32Array): Float32Array {
  if (order !== 'conv') return data.slice();
  const outputs = value.shape[value.shape.length - 1];
  const inner = data.length / outputs;
  return data.map((_, i) => data[(i % inner) * outputs + Math.floor(i / inner)]);
}

/** The inverse of `toFile`. */
function fromFile({ value, order }: Entry, data: Float32Array): Float32Array {
  if (order !== 'conv') return data;
  const outputs = value.shape[value.shape.length - 1];
  const inner = data.length / outputs;
  return data.map((_, i) => data[(i % outputs) * inner + Math.floor(i / outputs)]);
}
