import type { Capabilities } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import type { Kernel, TensorSpec } from '../kernels/kernel';
import { accumulate, add } from '../kernels/add';
import type { Tuning } from '../kernels/tuning';
import { copyLayout, copyStrided, sameOrder } from '../kernels/copy';
import { printDispatch, type Dispatch } from './dispatch';
import { Value } from './value';

type Values<K extends string> = Record<K, Value>;
/** Values by input name; an operation may leave some of them out (a bias). */
type Given<In> = { [K in keyof In]: Value | undefined };

/**
 * A differentiable operation: what it dispatches, and what its gradient dispatches.
 * Both only append to the tape.
 */
export interface Operation<In extends Given<In>, O extends string, S extends string, A> {
  name: string;
  /**
   * Which physical layouts it knows: it `reads` x of any; it `keeps` x's for y; it `writes` y in that of its attribute
   * `layout`. Where it reads none, values that wait for their reader come dense.
   */
  layouts?: 'reads' | 'writes' | 'keeps';
  /** `forward` applies other operations, whose gradients are this one's; on some tapes or on all. */
  composite?: boolean | ((tape: Tape) => boolean);
  forward(tape: Tape, inputs: In, attributes: A): Values<O | S>;
  /** dy by output name (only those that something depends on); returns the gradient by input name. */
  backward?(
    tape: Tape,
    record: { inputs: In; outputs: Values<O | S>; attributes: A; dy: Partial<Values<O>> },
  ): Partial<Record<keyof In, Value>>;
}

interface OperationRecord {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- records of every operation share a list
  operation: Operation<any, any, any, any>;
  inputs: Record<string, Value>;
  outputs: Record<string, Value>;
  attributes: unknown;
}

/** Keeps the names in the type; apply with `tape.apply(operation, inputs, attributes)`. */
/* @__NO_SIDE_EFFECTS__ */
export function defineOperation<In extends Given<In>, O extends string, S extends string, A>(
  operation: Operation<In, O, S, A>,
): Operation<In, O, S, A> {
  return operation;
}

/**
 * A list of dispatches. Operations append to it; nothing runs before a plan is compiled from it.
 * `backward` appends the gradient to the same list, so that printing it shows the whole step.
 */
export class Tape {
  readonly dispatches: Dispatch[] = [];
  readonly #operations: OperationRecord[] = [];
  readonly #gradients = new Map<Value, Value>();
  readonly #differentiable = new Set<Value>();
  readonly #destinations = new Set<Value>();
  #names = 0;
  #differentiated = false;

  /**
   * @param fixed state that nothing writes between two runs of a plan without telling it (`Plan.stateChanged`), as the
   * weights of a network that is not trained: what is made of it alone is made once
   */
  constructor(
    readonly capabilities?: Capabilities,
    /** Which kernels run where, as a search on this adapter found it. */
    readonly tuning?: Tuning,
    readonly fixed: readonly Value[] = [],
  ) {}

  /** Whether operations take their readable kernels, where they have others. */
  get plain(): boolean {
    return this.tuning?.kernels === 'plain';
  }

  /** Whether it contains its gradient. */
  get differentiated(): boolean {
    return this.#differentiated;
  }

  /** Appends one kernel and returns its outputs: new ones, and those that were given a place. */
  dispatch<I extends string, O extends string, A>(
    kernel: Kernel<I, O, A>,
    given: Values<I> & Partial<Values<O>>,
    attributes: A = undefined as A,
  ): Values<O> {
    const values: Record<string, Value> = {};
    const inputs: Record<string, TensorSpec> = {};
    for (const [name, value] of Object.entries<Value | undefined>(given)) {
      if (value) inputs[name] = (values[name] = value.settle('any')).spec;
    }
    const outputs: Record<string, Value> = {};
    for (const [name, spec] of Object.entries<TensorSpec>(kernel.outputs(inputs, attributes))) {
      outputs[name] = values[name] ??= new Value(`%${this.#names++}.${name}`, spec, 'temporary');
    }
    for (const { name } of kernel.shader.bindings) {
      if (!values[name]) {
        throw new FacegradError('internal', `${kernel.name}: ${name} is missing`);
      }
    }
    this.dispatches.push({ kernel, values, inputs, attributes });
    return outputs as Values<O>;
  }

  /** Applies a differentiable operation and remembers it for `backward`. */
  apply<In extends Given<In>, O extends string, S extends string, A>(
    operation: Operation<In, O, S, A>,
    read: In,
    attributes: A = undefined as A,
  ): Values<O | S> {
    const { composite, layouts } = operation;
    const inputs = Object.fromEntries(
      Object.entries<Value | undefined>(read).map(([name, value]) => [
        name,
        value?.settle(layouts === 'reads' || layouts === 'keeps' ? 'any' : undefined),
      ]),
    ) as In;
    if (typeof composite === 'function' ? composite(this) : composite) {
      return operation.forward(this, inputs, attributes);
    }
    const values = Object.values<Value | undefined>(inputs).filter((value) => value !== undefined);
    for (const value of values) {
      if (this.#differentiable.has(value.root) && !this.needsGradient(value)) {
        throw new FacegradError(
          'internal',
          `${operation.name}: no gradient reaches ${value.root.name} through a view; apply \`reshape\``,
        );
      }
    }
    const outputs = operation.forward(this, inputs, attributes);
    if (values.some((value) => this.needsGradient(value))) {
      const given = inputs as Record<string, Value>;
      this.#operations.push({ operation, inputs: given, outputs, attributes });
      for (const value of Object.values<Value>(outputs)) this.#differentiable.add(value);
    }
    return outputs;
  }

  /** Gives an output its gradient from outside: a loss kernel that computed it on the way. */
  seed(value: Value, gradient: Value): void {
    this.#accumulate(value.settle('any'), gradient);
  }

  /** Asks for the gradient of a value that is not a parameter; `gradientOf` has it after `backward`. */
  watch(value: Value): void {
    this.#differentiable.add(value.settle('any'));
  }

  /**
   * Where a gradient kernel writes `value`'s gradient: the parameter's own place the first time,
   * undefined (a new temporary) otherwise.
   */
  destination(value: Value): Value | undefined {
    if (!value.grad || this.#destinations.has(value)) return undefined;
    this.#destinations.add(value);
    return value.grad;
  }

  /** Walks the operations backwards from the seeded values and appends their gradients. */
  backward(): void {
    if (this.#differentiated) {
      throw new FacegradError('bad-input', 'this tape already contains its gradient');
    }
    this.#differentiated = true;
    for (const record of [...this.#operations].reverse()) {
      const { operation, inputs, outputs, attributes } = record;
      const dy: Record<string, Value> = {};
      for (const [name, value] of Object.entries(outputs)) {
        const gradient = this.#gradients.get(value);
        if (gradient) dy[name] = gradient;
      }
      if (Object.keys(dy).length === 0 || !operation.backward) continue;
      const gradients = operation.backward(this, { inputs, outputs, attributes, dy });
      for (const [name, gradient] of Object.entries(gradients) as [string, Value | undefined][]) {
        if (gradient) this.#accumulate(inputs[name], gradient);
      }
    }
  }

  /** Whether a parameter lies behind this value. Gradients of data are not computed. */
  needsGradient(value: Value): boolean {
    return value.grad !== undefined || this.#differentiable.has(value);
  }

  /** The gradient that `backward` has found for a value. */
  gradientOf(value: Value): Value | undefined {
    return this.#gradients.get(value.settle('any'));
  }

  #accumulate(value: Value, gradient: Value): void {
    const sum = this.#gradients.get(value);
    if (!sum) {
      if (value.grad && value.grad !== gradient) {
        const y = this.destination(value);
        if (!y) {
          throw new FacegradError(
            'internal',
            `the gradient of ${value.name} was not written to \`tape.destination\``,
          );
        }
        gradient = this.dispatch(copyStrided, { x: gradient, y }, sameOrder(value.shape)).y;
      }
      this.#gradients.set(value, gradient);
      return;
    }
    const { layout } = sum.spec;
    if (JSON.stringify(layout) !== JSON.stringify(gradient.spec.layout)) {
      gradient = this.dispatch(copyLayout, { x: gradient }, { layout }).y;
    }
    if (value.grad) {
      this.dispatch(accumulate, { y: sum, x: gradient }); // a parameter used twice
    } else {
      this.#gradients.set(value, this.dispatch(add, { a: sum, b: gradient }).y);
    }
  }

  /** The whole list as text, one dispatch a line. */
  toString(): string {
    return this.dispatches.map(printDispatch).join('\n');
  }
}
