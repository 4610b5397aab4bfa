import { FacegradError } from '../gpu/errors';
import { add } from '../tape/operations/add';
import type { Tape } from '../tape/tape';
import type { Value } from '../tape/value';
import type { Init } from './init';
import type { ParameterOptions } from './parameters';

/** Random streams of dropout layers begin here; augmentation and the built-in model use small ones. */
const FIRST_STREAM = 100;

/** A tensor that a module owns: a description until a `Network` gives it a place. */
export class Parameter {
  #value?: Value;

  /** @param kind `statistic`: saved with the weights, not trained */
  constructor(
    readonly shape: readonly number[],
    readonly init: Init,
    readonly options: Pick<ParameterOptions, 'decay'> = {},
    readonly kind: 'parameter' | 'statistic' = 'parameter',
  ) {}

  get value(): Value {
    if (!this.#value) {
      throw new FacegradError('bad-input', 'this module is in no network yet: new Network(module)');
    }
    return this.#value;
  }

  /** @internal */
  place(value: Value, name: string): void {
    if (this.#value) {
      throw new FacegradError(
        'bad-input',
        `${name} is in a network already, as ${this.#value.name}`,
        { wanted: name, available: this.#value.name },
      );
    }
    this.#value = value;
  }
}

/** One forward pass: what modules append to, and what they have to know. */
export class Pass {
  #stream = FIRST_STREAM;

  constructor(
    readonly tape: Tape,
    readonly training: boolean,
    /** Per-step numbers: dropout draws from them. */
    readonly step: Value,
    /** N. */
    readonly samples: number,
    /** u32 [N], where samples are sequences: valid frames of each. */
    readonly lengths?: Value,
  ) {}

  /** a + b: the residual connection. */
  add(a: Value, b: Value): Value {
    return this.tape.apply(add, { a, b }).y;
  }

  /** A random stream of its own for every layer that draws. */
  nextStream(): number {
    return this.#stream++;
  }
}

/**
 * A part of a model, as PyTorch's. Its parameters and modules are its properties, and their names are those of
 * the weights file: `this.conv1 = new Conv2d(…)` has `conv1.weight` and `conv1.bias`.
 */
export abstract class Module {
  abstract forward(pass: Pass, x: Value): Value;

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
