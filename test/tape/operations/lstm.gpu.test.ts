import { describe, expect, it } from 'vitest';
import { f32, size, u32 } from '../../../src/kernels/kernel';
import * as reference from '../../../src/kernels/reference/lstm';
import { Plan } from '../../../src/tape/plan';
import { Storage } from '../../../src/tape/storage';
import { Tape } from '../../../src/tape/tape';
import { lstm, lstmCell } from '../../../src/tape/operations/lstm';
import { state, type Value } from '../../../src/tape/value';
import { testGpu } from '../../support/gpu';
import { uniform } from '../../support/random';

const NAMES = ['x', 'weight_ih', 'weight_hh', 'bias_ih', 'bias_hh', 'h0', 'c0'] as const;
type Name = (typeof NAMES)[number];
type Output = 'hs' | 'h_n' | 'c_n';

interface Sizes {
  steps: number;
  samples: number;
  input: number;
  hidden: number;
}

function shapesOf({ steps, samples, input, hidden }: Sizes): Record<Name, number[]> {
  return {
    x: [steps, samples, input],
    weight_ih: [4 * hidden, input],
    weight_hh: [4 * hidden, hidden],
    bias_ih: [4 * hidden],
    bias_hh: [4 * hidden],
    h0: [samples, hidden],
    c0: [samples, hidden],
  };
}

/** Inputs with random data, in storage and for the reference. */
function inputsOf(storage: Storage, sizes: Sizes) {
  const values = {} as Record<Name, Value>;
  const data = {} as Record<Name, Float64Array>;
  Object.entries(shapesOf(sizes)).forEach(([name, shape], i) => {
    const key = name as Name;
    data[key] = uniform(size(shape), i + 1, key.startsWith('w') ? 1 / Math.sqrt(shape[1]) : 1);
    values[key] = state(name, f32(shape));
    values[key].grad = state(`d${name}`, f32(shape));
    storage.write(values[key], Float32Array.from(data[key]));
  });
  return { values, data };
}

// Sums of at most 4 H or T N terms of scale 1, over a few steps.
function expectClose(name: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length, name).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i] - expected[i]);
    if (!(error <= 5e-6 + 5e-6 * Math.abs(expected[i]))) {
      throw new Error(`${name}[${i}] = ${actual[i]}, reference ${expected[i]}`);
    }
  }
}

async function check(
  sizes: Sizes,
  { seeds, lengths, zeroState }: { seeds: Output[]; lengths?: number[]; zeroState?: boolean },
): Promise<void> {
  const storage = new Storage(await testGpu());
  const { values, data } = inputsOf(storage, sizes);
  if (zeroState) {
    data.h0.fill(0);
    data.c0.fill(0);
    // What is not read may be anything.
    storage.write(values.h0, new Float32Array(data.h0.length).fill(NaN));
    storage.write(values.c0, new Float32Array(data.c0.length).fill(NaN));
  }
  const lengthsValue = lengths && state('lengths', u32([sizes.samples]));
  if (lengthsValue) storage.write(lengthsValue, Uint32Array.from(lengths));

  const tape = new Tape();
  const outputs = tape.apply(lstm, { ...values, lengths: lengthsValue }, { zeroState });
  const dy: Partial<Record<Output, Float64Array>> = {};
  seeds.forEach((name, i) => {
    const { shape } = outputs[name];
    const gradient = state(`d${name}`, f32(shape));
    dy[name] = uniform(size(shape), 20 + i);
    storage.write(gradient, Float32Array.from(dy[name]));
    tape.seed(outputs[name], gradient);
  });
  tape.backward();
  const { hs, h_n, c_n } = outputs;
  const plan = await Plan.compile(tape, storage, { keep: [hs, h_n, c_n] });
  plan.run();

  const expected = reference.lstm(data, sizes, lengths);
  expectClose('hs', await plan.read(hs), expected.hs);
  expectClose('h_n', await plan.read(h_n), expected.h);
  expectClose('c_n', await plan.read(c_n), expected.c);
  const gradients = reference.lstmGradient(
    data,
    sizes,
    { hs: dy.hs, h: dy.h_n, c: dy.c_n },
    lengths,
  );
  for (const name of NAMES) {
    if (zeroState && (name === 'h0' || name === 'c0')) continue;
    expectClose(`d${name}`, await storage.read(values[name].grad!), gradients[name]);
  }
  plan.dispose();
  storage.dispose();
}

describe('lstm on the tape, against the reference', () => {
  const sizes = { steps: 3, samples: 4, input: 7, hidden: 5 };

  it.each([
    ['every output', ['hs', 'h_n', 'c_n']],
    ['h_n alone', ['h_n']],
    ['hs alone', ['hs']],
    ['c_n alone', ['c_n']],
  ] as [string, Output[]][])('gradients from %s', async (_, seeds) => {
    await check(sizes, { seeds });
  });

  it('lengths', async () => {
    await check(sizes, { seeds: ['hs', 'h_n', 'c_n'], lengths: [3, 0, 1, 2] });
  });

  it('zero state over three steps', async () => {
    await check(sizes, { seeds: ['h_n'], zeroState: true });
  });

  it('a still: one step from the zero state', async () => {
    await check({ steps: 1, samples: 3, input: 9, hidden: 8 }, { seeds: ['h_n'], zeroState: true });
  });
});

describe('lstm as it is used', () => {
  it('leaves h0 and c0 as they were', async () => {
    const storage = new Storage(await testGpu());
    const { values, data } = inputsOf(storage, { steps: 2, samples: 2, input: 3, hidden: 4 });
    const tape = new Tape();
    const { h_n } = tape.apply(lstm, values);
    const plan = await Plan.compile(tape, storage, { keep: [h_n] });
    plan.run();
    expect([...(await storage.read(values.h0))]).toEqual([...data.h0]);
    expect([...(await storage.read(values.c0))]).toEqual([...data.c0]);
    plan.dispose();
    storage.dispose();
  });

  it('single steps with a carried state give the bits of the whole sequence', async () => {
    const storage = new Storage(await testGpu());
    const sizes = { steps: 5, samples: 1, input: 6, hidden: 20 };
    const { values, data } = inputsOf(storage, sizes);
    const tape = new Tape();
    const { hs, c_n } = tape.apply(lstm, values);
    const sequence = await Plan.compile(tape, storage, { keep: [hs, c_n] });
    sequence.run();
    const expected = await sequence.read(hs);

    const frame = state('frame', f32([1, sizes.input]));
    const carried = { h: values.h0, c: values.c0 };
    const stepTape = new Tape();
    const { weight_ih, weight_hh, bias_ih, bias_hh } = values;
    const inputs = { x: frame, weight_ih, weight_hh, bias_ih, bias_hh, ...carried };
    stepTape.apply(lstmCell, inputs, { updateState: true });
    const step = await Plan.compile(stepTape, storage);
    for (let t = 0; t < sizes.steps; t++) {
      storage.write(
        frame,
        Float32Array.from(data.x.subarray(t * sizes.input, (t + 1) * sizes.input)),
      );
      step.run();
      expect([...(await storage.read(carried.h))]).toEqual([
        ...expected.subarray(t * sizes.hidden, (t + 1) * sizes.hidden),
      ]);
    }
    expect([...(await storage.read(carried.c))]).toEqual([...(await sequence.read(c_n))]);
    sequence.dispose();
    step.dispose();
    storage.dispose();
  });

  it('a state that is updated in place carries on, with the same gradient', async () => {
    const storage = new Storage(await testGpu());
    const { values } = inputsOf(storage, { steps: 2, samples: 3, input: 4, hidden: 5 });
    const dh = state('dh', f32([3, 5]));
    storage.write(dh, Float32Array.from(uniform(15, 9)));
    const compiled = async (updateState: boolean) => {
      const tape = new Tape();
      const outputs = tape.apply(lstm, values, { updateState });
      tape.seed(outputs.h_n, dh);
      tape.backward();
      return { plan: await Plan.compile(tape, storage, { keep: [outputs.h_n] }), ...outputs };
    };
    const copying = await compiled(false);
    copying.plan.run();
    const expected = await copying.plan.read(copying.h_n);
    const gradients = await Promise.all(NAMES.map((name) => storage.read(values[name].grad!)));
    const updating = await compiled(true);
    updating.plan.run();
    expect(await storage.read(values.h0)).toEqual(expected);
    expect(await Promise.all(NAMES.map((name) => storage.read(values[name].grad!)))).toEqual(
      gradients,
    );
    copying.plan.run(); // from where the first two steps ended
    updating.plan.run();
    expect(await storage.read(values.h0)).toEqual(await copying.plan.read(copying.h_n));
    copying.plan.dispose();
    updating.plan.dispose();
    storage.dispose();
  });

  it('names its limit', async () => {
    const sizes = { steps: 1, samples: 1, input: 1, hidden: 1025 };
    const values = Object.entries(shapesOf(sizes)).map(([name, shape]) => [
      name,
      state(name, f32(shape)),
    ]);
    const tape = new Tape();
    const { h_n } = tape.apply(lstm, Object.fromEntries(values) as Record<Name, Value>);
    const compiled = Plan.compile(tape, new Storage(await testGpu()), { keep: [h_n] });
    await expect(compiled).rejects.toMatchObject({ kind: 'limit', wanted: 1025, available: 1024 });
  });

  it('a still skips the recurrent product and the copy of the state', () => {
    const value = (name: Name) => state(name, f32(shapesOf({ ...still })[name]));
    const still = { steps: 1, samples: 64, input: 512, hidden: 128 };
    const values = Object.fromEntries(NAMES.map((name) => [name, value(name)]));
    const tape = new Tape();
    tape.apply(lstm, values as Record<Name, Value>, { zeroState: true });
    expect(tape.toString()).toBe(
      [
        '%0.y f32[1,64,512] = dense.forward(x=x, weight=weight_ih, bias=bias_ih, second_bias=bias_hh)',
        '%1.gates f32[1,64,640], %2.h f32[64,128], %3.c f32[64,128], %4.hs f32[1,64,128], ' +
          '%5.h_prev f32[1,64,128] = lstm.forward(xw=%0.y, weight_hh=weight_hh)',
      ].join('\n'),
    );
    const [, recurrent] = tape.dispatches;
    expect(recurrent.kernel.flops!(recurrent.inputs, { zeroState: true })).toBe(0);
  });
});
