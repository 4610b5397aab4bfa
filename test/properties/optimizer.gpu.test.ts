import fc from 'fast-check';
import { adagrad, adam, adamW, sgd } from '../../src/eager';
import * as reference from '../../src/kernels/reference/optimizer';
import { array, expectClose, extent, property } from '../support/property';

const common = {
  length: extent(200),
  steps: extent(3),
  learningRate: fc.constantFrom(0.5, 0.125, 2 ** -10),
  weightDecay: fc.constantFrom(0, 0.125),
  seed: fc.nat(),
};

// A few steps of at most 0.5; roots, divisions and powers are good to a few 1e-7.
const tolerance = { absolute: 5e-6, relative: 5e-6 };

for (const [name, step, decoupled] of [
  ['adam', adam, false],
  ['adamw', adamW, true],
] as const) {
  const cases = fc.record({
    ...common,
    beta1: fc.constantFrom(0.5, 0.875),
    beta2: fc.constantFrom(0.5, 0.96875),
  });
  property(name, cases, async (gpu, { length, steps, seed, ...attributes }) => {
    const parameters = array([length], seed);
    const zeros = new Float64Array(length);
    let found: Awaited<ReturnType<typeof adam>> | undefined;
    let expected: ReturnType<typeof reference.adam> = {
      parameters: Float64Array.from(parameters.data),
      m: zeros,
      v: zeros,
    };
    for (let t = 1; t <= steps; t++) {
      const gradient = array([length], seed + t);
      found = await step(
        gpu,
        { parameters, ...found, gradient },
        { ...attributes, epsilon: 2 ** -20, step: t },
      );
      const o = { ...attributes, epsilon: 2 ** -20, decoupled, decayLength: length, scale: 1 };
      expected = reference.adam(expected, gradient.data, t, o);
    }
    for (const key of ['parameters', 'm', 'v'] as const) {
      expectClose(key, found![key] as never, expected[key], tolerance);
    }
  });
}

const sgdCases = fc.record({
  ...common,
  momentum: fc.constantFrom(0, 0.5, 0.875),
  dampening: fc.constantFrom(0, 0.25),
  nesterov: fc.boolean(),
});

property('sgd', sgdCases, async (gpu, { length, steps, seed, ...attributes }) => {
  const parameters = array([length], seed);
  let found: Awaited<ReturnType<typeof sgd>> | undefined;
  let expected: ReturnType<typeof reference.sgd> = {
    parameters: Float64Array.from(parameters.data),
    velocity: new Float64Array(length),
  };
  for (let t = 1; t <= steps; t++) {
    const gradient = array([length], seed + t);
    found = await sgd(gpu, { parameters, ...found, gradient }, { ...attributes, step: t });
    const o = { ...attributes, number: t, decayLength: length, scale: 1 };
    expected = reference.sgd(expected, gradient.data, o);
  }
  expectClose('parameters', found!.parameters as never, expected.parameters, tolerance);
  expectClose('velocity', found!.velocity as never, expected.velocity, tolerance);
});

const adagradCases = fc.record({ ...common, rateDecay: fc.constantFrom(0, 0.25) });

property('adagrad', adagradCases, async (gpu, { length, steps, seed, ...attributes }) => {
  const parameters = array([length], seed);
  let found: Awaited<ReturnType<typeof adagrad>> | undefined;
  let expected: ReturnType<typeof reference.adagrad> = {
    parameters: Float64Array.from(parameters.data),
    sum: new Float64Array(length),
  };
  for (let t = 1; t <= steps; t++) {
    const gradient = array([length], seed + t);
    found = await adagrad(
      gpu,
      { parameters, ...found, gradient },
      { ...attributes, epsilon: 2 ** -20, step: t },
    );
    const o = { ...attributes, epsilon: 2 ** -20, decayLength: length, scale: 1 };
    expected = reference.adagrad(expected, gradient.data, t, o);
  }
  expectClose('parameters', found!.parameters as never, expected.parameters, tolerance);
  expectClose('sum', found!.sum as never, expected.sum, tolerance);
});
