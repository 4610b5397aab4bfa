import { FacegradError } from '../gpu/errors';
import { f32 } from '../kernels/kernel';
import { later, reshapeLater } from '../tape/later';
import { add } from '../tape/operations/add';
import { FlippedWeights, type Conv5x5Variant } from '../tape/operations/conv5x5';
import type { Tape } from '../tape/tape';
import { state, type Value } from '../tape/value';
import type { Init } from './init';
import type { ParameterOptions } from './parameters';

/** How a parameter is stored, beside what it is. */
export interface StoredAs extends Pick<ParameterOptions, 'decay' | 'order'> {
  /** With the leading axis of streams that the layer's kernels have, also where there is one stream. */
  leading?: boolean;
}

/** A tensor that a module owns: a description until a `Network` gives it a place. */
export class Parameter {
  /** Whether it is trained. What is not is frozen: saved with the weights, and no gradient is computed for it. */
  requiresGrad: boolean;
  #value?: Value;
  #streams?: readonly string[];

  /**
   * @param shape PyTorch's
   * @param kind `statistic`: saved with the weights, not trained
   */
  constructor(
    readonly shape: readonly number[],
    readonly init: Init,
    readonly options: StoredAs = {},
    readonly kind: 'parameter' | 'statistic' = 'parameter',
  ) {
    this.requiresGrad = kind === 'parameter';
  }

  /** The streams that have one each, by name. */
  get streams(): readonly string[] | undefined {
    return this.#streams ?? (this.options.leading ? [''] : undefined);
  }

  /** @internal */
  replicate(streams: readonly string[], name: string): void {
    if (!this.options.leading || this.#streams) {
      throw new FacegradError('unsupported', `${name}: this parameter cannot be given per stream`, {
        wanted: streams,
        available: this.#streams,
      });
    }
    this.#streams = streams;
  }

  get value(): Value {
    if (!this.#value) {
      throw new FacegradError(
        'bad-input',
        'this module is not in a network yet: new Network(module)',
      );
    }
    return this.#value;
  }

  /** @internal */
  place(value: Value, name: string): void {
    if (this.#value) {
      throw new FacegradError(
        'bad-input',
        `${name} is already in a network, as ${this.#value.name}`,
        { wanted: name, available: this.#value.name },
      );
    }
    this.#value = value;
  }
}

/** What a forward pass is given beside x. */
export interface PassOptions {
  training: boolean;
  /** Per-step numbers (seed, step number): dropout draws from them. */
  step: Value;
  /** N. */
  samples: number;
  /** u32 [N], where samples are sequences: valid frames of each. */
  lengths?: Value;
  /**
   * Recurrent layers begin with the state that the pass before left, and put the tensors that hold it on
   * this list: for the frames of a camera. Otherwise they begin with zeros.
   */
  memory?: Value[];
  /** The kernels of the 5x5 convolutions, for tests; chosen by adapter and shape otherwise. */
  variant?: Conv5x5Variant;
}

/** One forward pass: what modules append to, and what they have to know. */
export class Pass {
  readonly training: boolean;
  readonly step: Value;
  readonly samples: number;
  readonly lengths?: Value;
  readonly variant?: Conv5x5Variant;
  readonly #memory?: Value[];
  readonly #flipped = new Map<number, FlippedWeights>();
  #stream = 0;

  constructor(
    readonly tape: Tape,
    { training, step, samples, lengths, memory, variant }: PassOptions,
  ) {
    this.training = training;
    this.step = step;
    this.samples = samples;
    this.lengths = lengths;
    this.variant = variant;
    this.#memory = memory;
  }

  /** a + b: the residual connection, in the physical layout that whatever reads it asks for. */
  add(a: Value, b: Value): Value {
    const waiting = { inputs: { a, b }, attributes: {} };
    return later(this.tape, add, waiting, a.shape, waiting.attributes, 'keeps');
  }

  /** A random stream of its own for every layer that draws, from 1 on: augmentation has stream 0. */
  nextStream(): number {
    return ++this.#stream;
  }

  /** Tensors [N, hidden] that keep a recurrent layer's state from pass to pass, where that is asked for. */
  remembered<K extends string>(hidden: number, ...names: K[]): Record<K, Value> | undefined {
    if (!this.#memory) return undefined;
    const entries = names.map((name) => {
      const value = state(`${name} ${this.#memory!.length}`, f32([this.samples, hidden]));
      this.#memory!.push(value);
      return [name, value] as const;
    });
    return Object.fromEntries(entries) as Record<K, Value>;
  }

  /** The weights that one dispatch flips for the gradients of all convolutions; this one is among them from now on. */
  flipped(weight: Value): FlippedWeights {
    const [groups] = weight.shape;
    let together = this.#flipped.get(groups);
    if (!together) this.#flipped.set(groups, (together = new FlippedWeights()));
    together.add(weight);
    return together;
  }
}

/** What a network gives: class scores [N, classes], and whatever its loss wants beside them. */
export interface Output {
  logits: Value;
  /** [N, features]. */
  embedding?: Value;
}

/**
 * A part of a network, as PyTorch's. Its parameters and modules are its properties, and their names are those of
 * the weights file: `this.conv1 = new Conv2d(…)` has `conv1.weight` and `conv1.bias`.
 */
export abstract class Module<Y extends Value | Output = Value> {
  abstract forward(pass: Pass, x: Value): Y;

  /**
   * A network's own loss, as a scalar to be minimized: the mean over the samples. Without one it is the configured
   * focal loss.
   * @param labels u32 [N]
   * @param onehot f32 [N, classes]
   */
  loss?(pass: Pass, output: Output, labels: Value, onehot: Value): Value;

  /** All tensors, by name, in the order in which they were declared. */
  *named(prefix = ''): Generator<[name: string, parameter: Parameter]> {
    for (const [key, member] of Object.entries(this) as [string, unknown][]) {
      const name = prefix + key;
      if (member instanceof Parameter) yield [name, member];
      else if (member instanceof Module) yield* member.named(`${name}.`);
      else if (Array.isArray(member)) {
        for (const [i, part] of member.entries()) {
          if (part instanceof Module) yield* part.named(`${name}.${i}.`);
        }
      }
    }
  }

  /** The trainable ones. */
  get parameters(): Parameter[] {
    return [...this.named()].map(([, p]) => p).filter(({ kind }) => kind === 'parameter');
  }
}

/** Modules one after another; named 0, 1, 2, … */
export class Sequential extends Module {
  readonly #modules: Module[];

  constructor(...modules: Module[]) {
    super();
    this.#modules = modules;
    modules.forEach((module, i) => Object.assign(this, { [i]: module }));
  }

  forward(pass: Pass, x: Value): Value {
    return this.#modules.reduce((y, module) => module.forward(pass, y), x);
  }
}

/**
 * The same module once for each stream of pictures, with weights of its own, all streams in the same dispatches:
 * x [G, N, …] -> y [G, N, …]. `streams.*` in a parameter's name stands for each stream's, as in `streams.edges.fc.weight`.
 */
export class Streams extends Module {
  readonly #body: Module;

  constructor(
    readonly names: readonly string[],
    body: Module,
  ) {
    super();
    this.#body = body;
    for (const [name, parameter] of body.named()) parameter.replicate(names, name);
  }

  override *named(prefix = ''): Generator<[name: string, parameter: Parameter]> {
    yield* this.#body.named(`${prefix}*.`);
  }

  /** @param x of a single stream may lack the axis G */
  forward(pass: Pass, given: Value): Value {
    const alone = this.names.length === 1 && given.shape.length === 4;
    const x = alone ? reshapeLater(pass.tape, given, [1, ...given.shape]) : given;
    if (x.shape[0] !== this.names.length) {
      throw new FacegradError(
        'bad-input',
        `Streams: x [${x.shape}] has ${x.shape[0]} streams, not ${this.names.length}`,
        { wanted: this.names, available: x.shape },
      );
    }
    return this.#body.forward(pass, x);
  }
}
