import type { Gpu } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import { size, type DType } from '../kernels/kernel';
import { Plan } from '../tape/plan';
import { Storage } from '../tape/storage';
import { Tape, type Operation } from '../tape/tape';
import { state, Value } from '../tape/value';
import { dtypeOf, isPlain, Tensor, type HostInput, type HostTensor } from './tensor';

/** Elements of an input: float32, whole numbers, or whatever is given. `?`: it may be left out. */
export type Kind = 'f32' | 'u32' | 'any' | 'f32?' | 'u32?' | 'any?';

/** The inputs of an operation by name; or one kind, for any number of inputs (concat). */
export type Signature<In> = { readonly [K in keyof In]-?: Kind } | Kind;

type Host<In> = { [K in keyof In]: HostInput };
type Mixed<In> = { [K in keyof In]: Tensor | HostInput };
/** What an operation updates in place (running statistics) comes back under the input's name. */
type Outputs<In, O extends string, T> = Record<O, T> & Partial<Record<Exclude<keyof In, O>, T>>;
type Gradients<In, T> = Partial<Record<keyof In, T>>;
/** Attributes may be left out where all of them may. */
type Rest<A> = [A] extends [void] ? [] : object extends A ? [attributes?: A] : [attributes: A];

/**
 * An operation as a function. Arrays in, arrays out; with a `Tensor` among the inputs, tensors out, which the
 * caller disposes. Inputs are never changed.
 */
export interface EagerOperation<In, O extends string, S extends string, A> {
  (gpu: Gpu, inputs: Host<In>, ...rest: Rest<A>): Promise<Outputs<In, O | S, HostTensor>>;
  (gpu: Gpu, inputs: Mixed<In>, ...rest: Rest<A>): Promise<Outputs<In, O | S, Tensor>>;
  /** The gradient by input, from the gradient by output. */
  backward: {
    (
      gpu: Gpu,
      inputs: Host<In>,
      dy: Partial<Record<O, HostInput>>,
      ...rest: Rest<A>
    ): Promise<Gradients<In, HostTensor>>;
    (
      gpu: Gpu,
      inputs: Mixed<In>,
      dy: Partial<Record<O, Tensor | HostInput>>,
      ...rest: Rest<A>
    ): Promise<Gradients<In, Tensor>>;
  };
}

type Given = Record<string, Tensor | HostInput | undefined>;
type Values = Record<string, Value>;
type Results = Record<string, Tensor | HostTensor>;

/** Makes an operation of the tape callable: every call records, compiles and runs a plan of it alone. */
/* @__NO_SIDE_EFFECTS__ */
export function eager<
  In extends { [K in keyof In]: Value | undefined },
  O extends string,
  S extends string,
  A,
>(operation: Operation<In, O, S, A>, signature: Signature<In>): EagerOperation<In, O, S, A> {
  const { name } = operation;
  const call = async (gpu: Gpu, inputs: Given, attributes: unknown = {}) => {
    const given = checked(name, signature, inputs);
    return run(gpu, name, given, (tape, values) => {
      const outputs = tape.apply(operation, values as In, attributes as A) as Values;
      return { ...updated(tape, values), ...outputs };
    });
  };
  const backward = async (gpu: Gpu, inputs: Given, dy: Given, attributes: unknown = {}) => {
    if (!operation.backward && !operation.composite) {
      throw new FacegradError('unsupported', `${name} has no gradient`, { operation: name });
    }
    const given = checked(name, signature, inputs);
    const gradients = Object.entries(dy).filter(([, gradient]) => gradient !== undefined);
    if (gradients.length === 0) {
      throw new FacegradError(
        'bad-input',
        `${name}.backward needs the gradient of at least one output`,
      );
    }
    for (const [key, gradient] of gradients)
      given[`d${key}`] = typed(`${name}: d${key}`, 'f32', gradient!);
    return run(gpu, name, given, (tape, all) => {
      const values = Object.fromEntries(
        Object.entries(all).filter(([key]) => inputs[key] !== undefined),
      );
      for (const value of Object.values(values)) if (value.spec.dtype === 'f32') tape.watch(value);
      const outputs = tape.apply(operation, values as In, attributes as A) as Values;
      for (const [key] of gradients) {
        const [y, gradient] = [outputs[key], all[`d${key}`]];
        if (!y || size(y.shape) !== size(gradient.shape)) {
          throw new FacegradError(
            'bad-input',
            `${name}.backward: the gradient of ${key} is [${gradient.shape}], but the output ${y ? `is [${y.shape}]` : 'does not exist'}`,
            { operation: name, wanted: y?.shape, available: gradient.shape },
          );
        }
        tape.seed(y, gradient.reshape(y.shape));
      }
      tape.backward();
      const found: Values = {};
      for (const [key, value] of Object.entries(values)) {
        const gradient = tape.gradientOf(value);
        if (gradient) found[key] = gradient;
      }
      return found;
    });
  };
  return Object.assign(call, { backward }) as unknown as EagerOperation<In, O, S, A>;
}

/** The inputs that are there, each of its kind. */
function checked<In>(
  name: string,
  signature: Signature<In>,
  inputs: Given,
): Record<string, { tensor: Tensor | HostInput; dtype: DType }> {
  const kinds: Record<string, Kind> =
    typeof signature === 'string'
      ? Object.fromEntries(Object.keys(inputs).map((key) => [key, signature]))
      : signature;
  for (const key of Object.keys(inputs)) {
    if (kinds[key]) continue;
    throw new FacegradError('bad-input', `${name} has no input ${key}`, {
      operation: name,
      wanted: Object.keys(kinds),
      available: key,
    });
  }
  const given: ReturnType<typeof checked> = {};
  for (const [key, kind] of Object.entries(kinds)) {
    const input = inputs[key];
    if (input !== undefined) given[key] = typed(`${name}: ${key}`, kind, input);
    else if (!kind.endsWith('?')) {
      throw new FacegradError('bad-input', `${name}: ${key} is missing`, {
        operation: name,
        wanted: Object.keys(kinds),
        available: Object.keys(inputs),
      });
    }
  }
  return given;
}

function typed(what: string, kind: Kind, tensor: Tensor | HostInput) {
  const wanted = kind.replace('?', '');
  const plain = !(tensor instanceof Tensor) && isPlain(tensor.data);
  const asked = wanted === 'u32' ? 'u32' : 'f32';
  const dtype = tensor instanceof Tensor ? tensor.dtype : plain ? asked : dtypeOf(tensor.data);
  const whole = dtype === 'u32' || dtype === 'i32'; // the same bits from 0 on, and -1 is "absent" to both
  if (!dtype || (wanted === 'f32' && dtype !== 'f32') || (wanted === 'u32' && !whole)) {
    throw new FacegradError('bad-input', `${what} must be ${wanted}, not ${dtype ?? 'this'}`, {
      wanted,
      available: dtype,
    });
  }
  return { tensor, dtype };
}

/** The inputs that a dispatch writes. */
function updated(tape: Tape, inputs: Values): Values {
  const written = new Set(
    tape.dispatches.flatMap(({ kernel, values }) =>
      kernel.shader.bindings
        .filter(({ access }) => access === 'read_write')
        .map(({ name }) => values[name].root),
    ),
  );
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => written.has(value)));
}

/** Records, compiles and runs one plan; everything made for it is gone when it ends. */
async function run(
  gpu: Gpu,
  name: string,
  given: Record<string, { tensor: Tensor | HostInput; dtype: DType }>,
  record: (tape: Tape, values: Values) => Values,
): Promise<Results> {
  gpu.assertAlive();
  const toHost = Object.values(given).every(({ tensor }) => !(tensor instanceof Tensor));
  const storage = new Storage(gpu);
  const own: Tensor[] = [];
  const borrowed: Tensor[] = [];
  let plan: Plan | undefined;
  try {
    const values: Values = {};
    const buffers = new Map<Value, GPUBuffer>();
    for (const [key, { tensor: input, dtype }] of Object.entries(given)) {
      let tensor = input as Tensor;
      if (!(input instanceof Tensor)) own.push((tensor = Tensor.from(gpu, input, dtype)));
      const buffer = tensor.borrow(gpu, `${name}: ${key}`);
      borrowed.push(tensor);
      values[key] = state(key, { shape: tensor.shape, dtype: tensor.dtype });
      buffers.set(values[key], buffer);
    }
    const tape = new Tape(gpu.capabilities);
    const results = record(tape, values);
    const inPlace = new Set(Object.values(updated(tape, values)));
    for (const [value, buffer] of buffers) {
      if (inPlace.has(value)) copy(gpu, buffer, 0, storage.buffer(value), value.bytes);
      else storage.lend(value, buffer);
    }
    plan = await Plan.compile(tape, storage, { keep: Object.values(results) });
    plan.run();
    const made: Results = {};
    for (const [key, value] of Object.entries(results)) {
      made[key] = toHost ? await readBack(plan, storage, value) : keep(gpu, plan, storage, value);
    }
    return made;
  } finally {
    plan?.dispose();
    storage.dispose();
    for (const tensor of borrowed) tensor.giveBack();
    for (const tensor of own) tensor.dispose();
  }
}

function copy(gpu: Gpu, from: GPUBuffer, offset: number, to: GPUBuffer, bytes: number): void {
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(from, offset, to, 0, bytes);
  gpu.device.queue.submit([encoder.finish()]);
}

async function readBack(plan: Plan, storage: Storage, value: Value): Promise<HostTensor> {
  const data = await (value.role === 'state' ? storage : plan).read(value);
  return { shape: value.shape, data };
}

/** A result that outlives the plan. */
function keep(gpu: Gpu, plan: Plan, storage: Storage, value: Value): Tensor {
  const tensor = Tensor.empty(gpu, value.spec);
  const target = tensor.borrow(gpu, value.name);
  if (value.role === 'state')
    copy(gpu, storage.buffer(value), value.offset * 4, target, value.bytes);
  else plan.copy(value, target);
  tensor.giveBack();
  return tensor;
}
