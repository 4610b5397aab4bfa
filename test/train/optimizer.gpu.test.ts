import { describe, expect, it } from 'vitest';
import { f32, u32, type TensorSpec } from '../../src/kernels/kernel';
import { adam, clipGradNorm, sgd, sumOfSquares } from '../../src/kernels/optimizer';
import * as reference from '../../src/kernels/reference/optimizer';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { ADAPTER, testGpu } from '../support/gpu';
import { uniform } from '../support/random';

/** The step buffer's words: seed, number, learning rate. */
function words(number: number, learningRate: number): Uint32Array {
  const data = new Uint32Array(64);
  data[1] = number;
  new Float32Array(data.buffer)[2] = learningRate;
  return data;
}
const adamDefaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false };
const sgdDefaults = { momentum: 0, nesterov: false, weightDecay: 0 };

describe.runIf(ADAPTER === 'gpu')('optimizers over many steps', () => {
  const length = 300;
  const decayLength = 200;
  const steps = 40;
  const gradientAt = (t: number) => uniform(length, 100 + t, t % 7 === 0 ? 20 : 1);
  const rateAt = (t: number) => Math.fround(0.02 / Math.sqrt(t));

  /** Clipped training steps on the device, from the same plan every step. */
  async function run(
    names: string[],
    record: (tape: Tape, values: Record<string, ReturnType<typeof state>>) => void,
    gradient: (t: number) => Float64Array = gradientAt,
  ) {
    const storage = new Storage(await testGpu());
    const make = (name: string, spec: TensorSpec) => state(name, spec);
    const values: Record<string, ReturnType<typeof state>> = {
      gradient: make('gradient', f32([length])),
      step: make('step', u32([64])),
      scale: make('scale', f32([1])),
      norm: make('norm', f32([1])),
      first_bad_step: make('first_bad_step', u32([1])),
    };
    for (const name of names) values[name] = make(name, f32([length]));
    storage.write(values.parameters, Float32Array.from(uniform(length, 1)));
    const tape = new Tape();
    const { partials } = tape.dispatch(sumOfSquares, { gradient: values.gradient });
    const { step, scale, norm, first_bad_step } = values;
    tape.dispatch(clipGradNorm, { partials, step, scale, norm, first_bad_step }, { maxNorm: 10 });
    record(tape, values);
    const plan = await Plan.compile(tape, storage);
    for (let t = 1; t <= steps; t++) {
      storage.write(values.gradient, Float32Array.from(gradient(t)));
      storage.write(values.step, words(t, rateAt(t)));
      plan.run();
    }
    const result = {
      parameters: await storage.read(values.parameters),
      firstBadStep: (await storage.read(values.first_bad_step))[0],
    };
    plan.dispose();
    return result;
  }

  const clipped = (gradient: Float64Array) =>
    reference.clipGradNorm(reference.sumOfSquares(gradient, 4096), 10, false).scale;

  // The error of a step is a few 1e-7 of it and of the parameter; 40 steps.
  const close = (actual: ArrayLike<number>, expected: Float64Array) =>
    expected.forEach((value, i) => expect(Math.abs(actual[i] - value)).toBeLessThan(1e-5));

  it.each([false, true])('Adam, decoupled: %s', async (decoupled) => {
    const attributes = { weightDecay: 0.05, decayLength, decoupled };
    const { parameters, firstBadStep } = await run(['parameters', 'm', 'v'], (tape, values) => {
      const { gradient, scale, step, parameters, m, v } = values;
      tape.dispatch(adam, { gradient, scale, step, parameters, m, v }, attributes);
    });
    const zero = new Float64Array(length);
    let expected: ReturnType<typeof reference.adam> = {
      parameters: uniform(length, 1),
      m: zero,
      v: zero,
    };
    for (let t = 1; t <= steps; t++) {
      const gradient = gradientAt(t);
      expected = reference.adam(expected, gradient, t, {
        ...adamDefaults,
        ...attributes,
        learningRate: rateAt(t),
        scale: clipped(gradient),
      });
    }
    close(parameters, expected.parameters);
    expect(firstBadStep).toBe(0);
  });

  it.each([false, true])('SGD, Nesterov: %s', async (nesterov) => {
    const attributes = { momentum: 0.9, nesterov, weightDecay: 0.05, decayLength };
    const { parameters } = await run(['parameters', 'velocity'], (tape, values) => {
      const { gradient, scale, step, parameters, velocity } = values;
      tape.dispatch(sgd, { gradient, scale, step, parameters, velocity }, attributes);
    });
    let expected: ReturnType<typeof reference.sgd> = {
      parameters: uniform(length, 1),
      velocity: new Float64Array(length),
    };
    for (let t = 1; t <= steps; t++) {
      const gradient = gradientAt(t);
      expected = reference.sgd(expected, gradient, {
        ...attributes,
        learningRate: rateAt(t),
        scale: clipped(gradient),
      });
    }
    close(parameters, expected.parameters);
  });

  it('keeps the parameters of before the first gradient that is not finite', async () => {
    const record = (tape: Tape, values: Record<string, ReturnType<typeof state>>) => {
      const { gradient, scale, step, parameters, velocity } = values;
      tape.dispatch(sgd, { gradient, scale, step, parameters, velocity }, {});
    };
    const spoilt = (t: number) => (t === 5 ? new Float64Array(length).fill(NaN) : gradientAt(t));
    const { parameters, firstBadStep } = await run(['parameters', 'velocity'], record, spoilt);
    expect(firstBadStep).toBe(5);
    let expected: ReturnType<typeof reference.sgd> = {
      parameters: uniform(length, 1),
      velocity: new Float64Array(length),
    };
    for (let t = 1; t < 5; t++) {
      const o = { ...sgdDefaults, decayLength: 0, learningRate: rateAt(t) };
      expected = reference.sgd(expected, gradientAt(t), { ...o, scale: clipped(gradientAt(t)) });
    }
    close(parameters, expected.parameters);
  });
});
