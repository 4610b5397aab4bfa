import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Gpu } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import { accumulate } from '../../src/kernels/add';
import { f32, size, type Kernel } from '../../src/kernels/kernel';
import { lstmCopyState } from '../../src/kernels/lstm';
import { reluForward } from '../../src/kernels/relu';
import { linear } from '../../src/tape/operations/dense';
import { relu } from '../../src/tape/operations/relu';
import { memoryOf } from '../../src/tape/memory';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import { openTestGpu, testGpu } from '../support/gpu';
import { uniform } from '../support/random';

let gpu: Gpu;
let storage: Storage;
const plans: Plan[] = [];

beforeAll(async () => {
  gpu = await testGpu();
  storage = new Storage(gpu);
});

afterAll(() => {
  for (const plan of plans) plan.dispose();
  storage.dispose();
});

async function compile(tape: Tape, keep?: Value[]): Promise<Plan> {
  const plan = await Plan.compile(tape, storage, { keep });
  plans.push(plan);
  return plan;
}

/** A state value with random numbers in it. */
function filled(name: string, shape: number[], seed: number): Value {
  const value = state(name, f32(shape));
  storage.write(value, Float32Array.from(uniform(size(shape), seed)));
  return value;
}

function parameter(name: string, shape: number[], seed: number): Value {
  const value = filled(name, shape, seed);
  value.grad = state(`d${name}`, f32(shape));
  return value;
}

const ROWS = 6;
const WIDTH = 8;

/** Three dense layers, of which the last two share their parameters, and the gradient. */
function network() {
  const tape = new Tape();
  const x = filled('x', [ROWS, WIDTH], 1);
  const layer = (name: string, seed: number) => ({
    weight: parameter(`${name}.weight`, [WIDTH, WIDTH], seed),
    bias: parameter(`${name}.bias`, [WIDTH], seed + 1),
  });
  const [first, shared] = [layer('first', 2), layer('shared', 4)];
  let y = x;
  for (const parameters of [first, shared, shared]) {
    y = tape.apply(relu, { x: tape.apply(linear, { x: y, ...parameters }).y }).y;
  }
  const dy = filled('dy', [ROWS, WIDTH], 6);
  tape.seed(y, dy);
  tape.backward();
  return { tape, x, y, dy, first, shared };
}

type Network = ReturnType<typeof network>;

/** The same, one kernel at a time: every value has memory of its own, every dispatch is a plan. */
async function eagerly({ tape }: Network): Promise<Map<Value, Value>> {
  const places = new Map<Value, Value>();
  const placeOf = (value: Value) => {
    if (value.role === 'state') return value;
    if (!places.has(value)) places.set(value, state(value.name, value.spec));
    return places.get(value)!;
  };
  for (const { kernel, values, attributes } of tape.dispatches) {
    const single = new Tape();
    const given = Object.entries(values).map(([name, value]) => [name, placeOf(value)]);
    single.dispatch(kernel, Object.fromEntries(given), attributes);
    const plan = await Plan.compile(single, storage);
    plan.run();
    plan.dispose();
  }
  return places;
}

describe('run', () => {
  it('gives the bits of one kernel after another', async () => {
    const net = network();
    const parameters = [net.first, net.shared].flatMap(({ weight, bias }) => [weight, bias]);
    const gradients = () => Promise.all(parameters.map(({ grad }) => storage.read(grad!)));

    const places = await eagerly(net);
    const [eager, eagerY] = [await gradients(), await storage.read(places.get(net.y)!)];
    for (const { grad, shape } of parameters) {
      storage.write(grad!, new Float32Array(size(shape)).fill(NaN));
    }
    const plan = await compile(net.tape, [net.y]);
    plan.run();
    expect(await plan.read(net.y)).toEqual(eagerY);
    expect(await gradients()).toEqual(eager);
    expect(eager.every((gradient) => gradient.some((g) => g !== 0))).toBe(true);

    plan.run(); // on dirty buffers
    expect(await gradients()).toEqual(eager);
    plan.run(3); // in three submits
    expect(await gradients()).toEqual(eager);
  });

  it('sums the gradients of a parameter that is used twice', async () => {
    const tape = new Tape();
    const x = filled('x', [ROWS, WIDTH], 1);
    const weight = parameter('weight', [WIDTH, WIDTH], 2);
    const layer = { weight, bias: parameter('bias', [WIDTH], 3) };
    const dy = filled('dy', [ROWS, WIDTH], 4);
    for (let use = 0; use < 2; use++) tape.seed(tape.apply(linear, { x, ...layer }).y, dy);
    tape.backward();
    const plan = await compile(tape);
    plan.run();
    // Both uses have the same gradient, and a sum of two equal numbers is exact.
    const twice = await storage.read(weight.grad!);
    const once = new Tape();
    once.seed(once.apply(linear, { x, ...layer }).y, dy);
    once.backward();
    (await compile(once)).run();
    expect([...twice]).toEqual([...(await storage.read(weight.grad!))].map((g) => 2 * g));
  });

  it('is one encoder, one pass and one submit, and creates nothing', async () => {
    const plan = await compile(network().tape);
    const counts: Record<string, number> = {};
    const unwrap: (() => void)[] = [];
    const count = (object: object, name: string) => {
      const target = object as Record<string, (...args: unknown[]) => unknown>;
      const method = target[name];
      target[name] = (...args: unknown[]) => {
        counts[name] = (counts[name] ?? 0) + 1;
        const result = method.apply(object, args);
        if (name === 'createCommandEncoder') count(result as object, 'beginComputePass');
        return result;
      };
      unwrap.push(() => delete target[name]);
    };
    for (const name of [
      'createBuffer',
      'createBindGroup',
      'createBindGroupLayout',
      'createShaderModule',
      'createComputePipeline',
      'createComputePipelineAsync',
      'createCommandEncoder',
      'createQuerySet',
    ]) {
      count(gpu.device, name);
    }
    for (const name of ['submit', 'writeBuffer']) count(gpu.device.queue, name);
    plan.run();
    for (const undo of unwrap) undo();
    expect(counts).toEqual({ createCommandEncoder: 1, beginComputePass: 1, submit: 1 });
  });
});

describe('what is made of fixed state alone', () => {
  it('is made once, and again when told that the state has changed', async () => {
    const weight = filled('weight', [WIDTH, WIDTH], 1);
    const x = filled('x', [WIDTH, WIDTH], 2);
    const tape = new Tape(undefined, undefined, [weight]);
    const { y: activated } = tape.dispatch(reluForward, { x: weight });
    const { y: twice } = tape.dispatch(reluForward, { x: activated });
    const { y: other } = tape.dispatch(reluForward, { x });
    const { y } = tape.dispatch(accumulate, { y: other, x: twice });
    // Many temporaries after it, none of which may take its place.
    let end = y;
    for (let i = 0; i < 4; i++) end = tape.dispatch(reluForward, { x: end }).y;
    const plan = await compile(tape, [end]);
    const positive = (data: ArrayLike<number>) => Array.from(data, (v) => Math.max(0, v));
    const read = async () => [...((await plan.read(end)) as Float32Array)];
    const dataOf = async (value: Value) => [...((await storage.read(value)) as Float32Array)];
    const first = await dataOf(weight);
    const sum = async (fixed: number[]) => {
      const given = positive(await dataOf(x));
      return positive(fixed).map((v, i) => Math.fround(v + given[i]));
    };
    for (const seed of [2, 3, 4]) {
      storage.write(x, Float32Array.from(uniform(size(x.shape), seed)));
      plan.run(seed - 1);
      expect(await read()).toEqual(await sum(first));
    }
    storage.write(weight, Float32Array.from(uniform(size(weight.shape), 5)));
    plan.run();
    expect(await read()).toEqual(await sum(first));
    plan.stateChanged();
    plan.run();
    expect(await read()).toEqual(await sum(await dataOf(weight)));
  });

  it('is nothing that writes state', async () => {
    const weight = filled('weight', [WIDTH, WIDTH], 1);
    const total = filled('total', [WIDTH, WIDTH], 2);
    const tape = new Tape(undefined, undefined, [weight]);
    tape.dispatch(accumulate, { y: total, x: weight });
    const plan = await compile(tape);
    const before = (await storage.read(total)) as Float32Array;
    const add = (await storage.read(weight)) as Float32Array;
    plan.run();
    plan.run();
    const expected = before.map((v, i) => Math.fround(Math.fround(v + add[i]) + add[i]));
    expect([...((await storage.read(total)) as Float32Array)]).toEqual([...expected]);
  });
});

describe('compile', () => {
  it('drops what nothing reads, and keeps what it is asked to', async () => {
    const tape = new Tape();
    const x = filled('x', [4], 1);
    const { y } = tape.dispatch(reluForward, { x });
    const { y: twice } = tape.dispatch(reluForward, { x: y });
    expect((await compile(tape)).dispatchCount).toBe(0);
    expect((await compile(tape, [y])).dispatchCount).toBe(1);
    expect((await compile(tape, [twice])).dispatchCount).toBe(2);
    tape.dispatch(accumulate, { x: y, y: x }); // writes state
    expect((await compile(tape)).dispatchCount).toBe(2);
  });

  it('reuses buffers: a chain of any length lives in two', async () => {
    const tape = new Tape();
    let y = filled('x', [1024], 1);
    for (let i = 0; i < 6; i++) y = tape.dispatch(reluForward, { x: y }).y;
    const out = state('out', f32([1024]));
    tape.dispatch(reluForward, { x: y, y: out });
    const plan = await compile(tape);
    expect(plan.memory).toEqual({ before: 6 * 4096, after: 2 * 4096, state: 2 * 4096 });
    expect(memoryOf(tape)).toEqual({ ...plan.memory, largest: 4096 });
    plan.run();
    const expected = uniform(1024, 1).map((v) => Math.max(0, v));
    expect([...(await storage.read(out))]).toEqual([...expected]);
  });

  it('a value that is kept shares its buffer with none', async () => {
    const tape = new Tape();
    const values: Value[] = [filled('x', [64], 1)];
    for (let i = 0; i < 4; i++) values.push(tape.dispatch(reluForward, { x: values[i] }).y);
    const plan = await compile(tape, values.slice(1));
    expect(plan.memory.after).toBe(plan.memory.before);
  });

  it('a small value that lives long does not take the place of large ones', async () => {
    const tape = new Tape();
    const temporary = (length: number) =>
      tape.dispatch(reluForward, { x: filled('x', [length], length) }).y;
    const write = (x: Value) =>
      tape.dispatch(reluForward, { x, y: state('out', f32([x.shape[0]])) });
    write(temporary(256));
    const small = temporary(64);
    write(temporary(256));
    write(small);
    const plan = await compile(tape);
    expect(plan.memory).toMatchObject({ before: 576 * 4, after: (256 + 64) * 4 });
  });

  it('what live one after another share the buffer of the largest', async () => {
    const tape = new Tape();
    const chain = (length: number) => {
      const { y } = tape.dispatch(reluForward, { x: filled('x', [length], length) });
      tape.dispatch(reluForward, { x: y, y: state('out', f32([length])) });
    };
    chain(64);
    chain(256);
    chain(128);
    const plan = await compile(tape);
    expect(plan.memory).toMatchObject({ before: 448 * 4, after: 256 * 4 });
  });

  it('compiles one pipeline for all dispatches of a kernel', async () => {
    const tape = new Tape();
    let y = filled('x', [8], 1);
    for (let i = 0; i < 3; i++) y = tape.dispatch(reluForward, { x: y }).y;
    const progress: [number, number][] = [];
    plans.push(
      await Plan.compile(tape, storage, {
        keep: [y],
        onProgress: (ready, total) => progress.push([ready, total]),
      }),
    );
    expect(progress).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  it('refuses a kernel that reads what it writes', async () => {
    const tape = new Tape();
    const x = filled('x', [128], 1);
    const [head, tail] = [x.view('head', f32([64])), x.view('tail', f32([64]), 64)];
    tape.dispatch(reluForward, { x: head, y: tail });
    await expect(compile(tape)).rejects.toThrow('relu.forward both reads and writes x');
  });

  it('refuses one place for two outputs, but not two parts of one buffer', async () => {
    const [h0, c0] = [filled('h0', [64], 1), filled('c0', [64], 2)];
    const both = state('both', f32([128]));
    const half = (offset: number) => both.view(`half ${offset}`, f32([64]), offset);
    const into = (h: Value, c: Value) => {
      const tape = new Tape();
      tape.dispatch(lstmCopyState, { h0, c0, h, c });
      return tape;
    };
    await expect(compile(into(half(64), half(64)))).rejects.toThrow('writes both twice');
    (await compile(into(half(0), half(64)))).run();
    expect([...(await storage.read(both))]).toEqual([
      ...(await storage.read(h0)),
      ...(await storage.read(c0)),
    ]);
  });

  it('refuses more workgroups than the device has, and leaves nothing behind', async () => {
    const greedy = { ...reluForward, workgroups: () => [65536, 1, 1] } as Kernel<'x', 'y'>;
    const tape = new Tape();
    const { y } = tape.dispatch(greedy, { x: filled('x', [4], 1) });
    const error: unknown = await compile(tape, [y]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FacegradError);
    expect(error).toMatchObject({ kind: 'limit', operation: 'relu.forward', available: 65535 });
  });
});

describe('a plan', () => {
  it('describes itself', async () => {
    const tape = new Tape();
    const { y } = tape.dispatch(reluForward, { x: filled('x', [65], 1) });
    tape.dispatch(reluForward, { x: y, y: state('out', f32([65])) });
    expect((await compile(tape)).describe()).toBe(
      [
        'relu.forward#0  2x1x1 workgroups, 520 bytes bound',
        'relu.forward#1  2x1x1 workgroups, 520 bytes bound',
        '2 dispatches in 1 pass',
        'temporaries 0.00 MiB before reuse, 0.00 MiB in 1 buffers after',
        'state 0.00 MiB',
      ].join('\n'),
    );
  });

  it('times each dispatch', async () => {
    const { tape } = network();
    const plan = await compile(tape);
    const { method, steps } = await plan.profile();
    expect(method).toBe(gpu.device.features.has('timestamp-query') ? 'timestamp' : 'wall');
    expect(steps.map(({ kernel }) => kernel)).toEqual(
      tape.dispatches.map(({ kernel }) => kernel.name),
    );
    expect(steps.every(({ ms, timed }) => timed && ms > 0)).toBe(true);
    const flops = 2 * ROWS * WIDTH * WIDTH;
    expect(steps[0]).toMatchObject({ label: 'dense.forward#0', flops, executed: flops });
  });

  it('reads only what it kept', async () => {
    const { tape, y, x } = network();
    const plan = await compile(tape, [y]);
    plan.run();
    expect(await plan.read(y)).toHaveLength(ROWS * WIDTH);
    expect(() => plan.read(tape.dispatches[0].values.y)).toThrow(/not kept/);
    expect(() => plan.read(x)).toThrow(/not kept/); // state: the storage's
  });

  it('is of no use once disposed, and leaves state alone', async () => {
    const { tape, x, y } = network();
    const plan = await compile(tape, [y]);
    plan.run();
    plan.dispose();
    expect(() => plan.run()).toThrow(/disposed/);
    expect(() => plan.read(y)).toThrow(/not kept/);
    await expect(plan.profile()).rejects.toThrow(/disposed/);
    expect([...(await storage.read(x))]).toEqual([...uniform(ROWS * WIDTH, 1)]);
  });
});

describe('storage', () => {
  it('begins with zeros and is shared by views', async () => {
    const root = state('root', f32([128]));
    const tail = root.view('tail', f32([64]), 64);
    storage.write(tail, new Float32Array(64).fill(3));
    expect([...(await storage.read(root))]).toEqual([
      ...new Float32Array(64),
      ...new Float32Array(64).fill(3),
    ]);
    expect(storage.buffer(tail)).toBe(storage.buffer(root));
  });

  it('refuses data that does not fit, and temporaries', () => {
    const x = state('x', f32([2]));
    expect(() => storage.write(x, new Float32Array(3))).toThrow('x holds 8 bytes');
    const tape = new Tape();
    expect(() => storage.buffer(tape.dispatch(reluForward, { x }).y)).toThrow(/is a temporary/);
  });
});

it('what was precompiled is not compiled again', async () => {
  const own = await openTestGpu();
  const tape = new Tape(own.capabilities);
  const [x, y] = ['x', 'y'].map((name) => state(name, f32([8])));
  tape.dispatch(accumulate, { x, y });
  const made = vi.spyOn(own.device, 'createShaderModule');
  await Plan.precompile(tape, own);
  expect(made).toHaveBeenCalledTimes(1);
  const plan = await Plan.compile(tape, new Storage(own));
  expect(made).toHaveBeenCalledTimes(1);
  plan.dispose();
  own.dispose();
});
