import type { Layout } from '../kernels/kernel';
import { relayout } from './operations/relayout';
import { reshape } from './operations/reshape';
import type { Operation, Tape } from './tape';
import { Value } from './value';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- operations of every kind
type AnyOperation = Operation<any, any, any, any>;
type InputsOf<T> = T extends { forward(tape: Tape, inputs: infer In, attributes: never): unknown }
  ? In
  : never;
type AttributesOf<T> = T extends {
  forward(tape: Tape, inputs: never, attributes: infer A): unknown;
}
  ? NonNullable<A>
  : never;

/** What a value is made by, when it is. */
export interface Waiting<T = AnyOperation> {
  inputs: InputsOf<T>;
  attributes: AttributesOf<T>;
}

/** The output `y` of an operation that is applied when it is first read. */
class LaterValue extends Value {
  readonly #forms = new Map<string, Value>();

  constructor(
    readonly tape: Tape,
    readonly operation: AnyOperation,
    readonly waiting: Waiting,
    /** The attributes with which it is applied once more where it has been fused into another. */
    readonly again: object,
    shape: readonly number[],
    readonly layouts: AnyOperation['layouts'],
  ) {
    super('', { shape, dtype: 'f32' }, 'temporary');
  }

  get made(): boolean {
    return this.#forms.size > 0;
  }

  override settle(layout?: Layout | 'any'): Value {
    if (layout === 'any' && this.made) return this.#forms.values().next().value!;
    const wanted = layout === 'any' ? undefined : layout;
    const key = JSON.stringify(wanted ?? null);
    let form = this.#forms.get(key);
    if (!form) {
      const [first] = this.#forms.values();
      form = first ? inLayout(this.tape, first, wanted) : this.#make(wanted);
      this.#forms.set(key, form);
    }
    return form;
  }

  #make(layout?: Layout): Value {
    const { tape, operation, shape } = this;
    let { inputs, attributes } = this.waiting;
    const knows = layout && this.layouts;
    if (knows === 'writes') attributes = { ...attributes, layout };
    if (knows === 'keeps') {
      const alike = Object.entries<Value>(inputs).map(([name, x]) => [
        name,
        sameRows(x, shape) ? inLayout(tape, x, layout) : x,
      ]);
      inputs = Object.fromEntries(alike) as typeof inputs;
    }
    const { y } = tape.apply(operation, inputs, attributes);
    const whole = y.shape.join() === shape.join() ? y : tape.apply(reshape, { x: y }, { shape }).y;
    return inLayout(tape, whole, layout);
  }
}

const sameRows = (x: Value, shape: readonly number[]) =>
  x.shape.slice(-2).join() === shape.slice(-2).join();

/**
 * Applies an operation when its output `y` is first read. Until then the layer that is given the value may look at what it waits
 * for (`waiting`), make something else of it, or ask for a physical layout (`inLayout`).
 * @param shape of the value, which may have other axes than the operation's y
 * @param again attributes for the case that it is read although it has been fused into something else
 * @param layouts `keeps` for an operation that is right in any layout which all of its inputs have
 */
export function later<T extends AnyOperation>(
  tape: Tape,
  operation: T,
  waiting: Waiting<T>,
  shape: readonly number[],
  again: AttributesOf<T> = waiting.attributes,
  layouts: AnyOperation['layouts'] = (operation as AnyOperation).layouts,
): Value {
  return new LaterValue(tape, operation, { ...waiting }, again, shape, layouts);
}

/** What a value waits for, if it does and if that is this operation. */
export function waiting<T extends AnyOperation>(
  value: Value,
  operation: T,
): Waiting<T> | undefined {
  if (!(value instanceof LaterValue) || value.made || value.operation !== operation)
    return undefined;
  return value.waiting;
}

/** As `waiting`, to fuse it: should the value itself be read as well, it is made with `again`. */
export function take<T extends AnyOperation>(value: Value, operation: T): Waiting<T> | undefined {
  const found = waiting(value, operation);
  if (!found) return undefined;
  const taken = { ...found };
  found.attributes = (value as LaterValue).again as AttributesOf<T>;
  return taken;
}

/** The same elements in another shape, without asking for x yet. */
export function reshapeLater(tape: Tape, x: Value, shape: readonly number[]): Value {
  return later(tape, reshape, { inputs: { x }, attributes: { shape } }, shape);
}

/** The value in a physical layout (dense where it is left out): made so if it waits, else copied where it differs. */
export function inLayout(tape: Tape, x: Value, layout?: Layout): Value {
  const y = x.settle(layout);
  const { border = 0, rowStride = y.shape.at(-1)! } = y.spec.layout ?? {};
  const wanted = { border: 0, rowStride: y.shape.at(-1)!, ...layout };
  if (border === wanted.border && rowStride === wanted.rowStride) return y;
  return tape.apply(relayout, { x: y }, { layout }).y;
}
