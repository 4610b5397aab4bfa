import {
  adagrad,
  adam,
  clipGradNorm,
  ema,
  sgd,
  sumOfSquares,
  type AdagradAttributes,
  type AdamAttributes,
  type SgdAttributes,
} from '../../src/kernels/optimizer';
import * as reference from '../../src/kernels/reference/optimizer';
import { tensor, testKernel, type TestTensor } from '../support/kernel';
import { uniform } from '../support/random';

/** The step buffer's words: seed, number, learning rate. */
function words(number: number, learningRate: number): Uint32Array {
  const data = new Uint32Array(64);
  data[1] = number;
  new Float32Array(data.buffer)[2] = learningRate;
  return data;
}
const stepOf = (number: number, learningRate: number) =>
  tensor([64], words(number, learningRate), { dtype: 'u32' });
const stepNumber = (step: { data: ArrayLike<number> }) => step.data[1];
const learningRate = (step: { data: ArrayLike<number> }) =>
  new Float32Array(Uint32Array.from(step.data).buffer)[2];

const scale = (value: number) => tensor([1], [value]);
const squared = (t: TestTensor): TestTensor => ({
  ...t,
  data: Float64Array.from(t.data, (x) => Math.fround(x * x)),
});

const adamDefaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, decoupled: false };

const adamInputs = (length: number, number = 3, rate = 0.01, factor = 1) => ({
  gradient: tensor([length], 1),
  scale: scale(factor),
  step: stepOf(number, rate),
  parameters: tensor([length], 2),
  m: tensor([length], 3, { scale: 0.3 }),
  v: squared(tensor([length], 4)),
});
const zeros = (length: number) => tensor([length], new Float64Array(length));

testKernel(adam, {
  cases: [
    ...[1, 63, 64, 65, 5003].map((length) => ({
      name: `${length} parameters`,
      inputs: adamInputs(length),
      attributes: {} as AdamAttributes,
    })),
    {
      name: 'coupled weight decay on the first half',
      inputs: adamInputs(100),
      attributes: { weightDecay: 0.1, decayLength: 50 },
    },
    {
      name: 'AdamW on the first half',
      inputs: adamInputs(100),
      attributes: { weightDecay: 0.1, decayLength: 50, decoupled: true },
    },
    {
      name: 'no parameter decays',
      inputs: adamInputs(10),
      attributes: { weightDecay: 0.1, decayLength: 0, decoupled: true },
    },
    { name: 'scaled gradient', inputs: adamInputs(100, 3, 0.01, 0.25), attributes: {} },
    { name: 'scale 0 leaves the step out', inputs: adamInputs(10, 3, 0.01, 0), attributes: {} },
    {
      name: 'other constants',
      inputs: adamInputs(100, 7, 0.1),
      attributes: { beta1: 0.5, beta2: 0.99, epsilon: 1e-3 },
    },
    {
      name: 'beta1 = 0',
      inputs: adamInputs(10, 2, 0.1),
      attributes: { beta1: 0, beta2: 0.9 },
    },
    {
      name: 'beta2 = 0: nothing is left of large moments',
      inputs: {
        ...adamInputs(3, 4, 0.1),
        gradient: tensor([3], [1e-3, -2, 3e-4]),
        m: tensor([3], [1e6, -1e7, 3e5]),
        v: tensor([3], [1e9, 1e12, 4]),
      },
      attributes: { beta1: 0, beta2: 0 },
    },
    {
      name: 'zero gradient from the first step on',
      inputs: { ...adamInputs(3, 1), gradient: zeros(3), m: zeros(3), v: zeros(3) },
      attributes: {},
    },
    {
      name: 'tiny and huge gradients move a parameter alike',
      inputs: {
        ...adamInputs(4, 1, 0.5),
        gradient: tensor([4], [1e-5, -1e-5, 1e15, -1e15]),
        parameters: zeros(4),
        m: zeros(4),
        v: zeros(4),
      },
      attributes: {},
    },
    // The parameters are 0 and the rate is 1, so that what is compared is the corrected step itself.
    ...[1, 2, 10, 100, 500, 1000, 20000, 100000].map((t) => ({
      name: `bias correction at t = ${t}`,
      inputs: { ...adamInputs(50, t, 1), parameters: zeros(50) },
      attributes: {},
    })),
    {
      name: 'bias correction of slow averages',
      inputs: { ...adamInputs(50, 3, 1), parameters: zeros(50) },
      attributes: { beta1: 0.99, beta2: 0.99999 },
    },
  ],
  reference: ({ gradient, scale: factor, step, parameters, m, v }, attributes) =>
    reference.adam(
      { parameters: parameters.data, m: m.data, v: v.data },
      gradient.data,
      stepNumber(step),
      {
        ...adamDefaults,
        decayLength: parameters.data.length,
        ...attributes,
        learningRate: learningRate(step),
        scale: factor.data[0],
      },
    ),
  // A dozen roundings of 6e-8 and a division and a root of a few; the moments and the parameters are
  // sums of numbers below 1, with steps of up to 3 where the rate is 1.
  spreads: true, // moments, not gradients, that are infinite
  tolerance: { absolute: 3e-7, relative: 3e-6 },
});

const sgdDefaults = { momentum: 0, nesterov: false, weightDecay: 0 };
const sgdInputs = (length: number, factor = 1) => ({
  gradient: tensor([length], 1),
  scale: scale(factor),
  step: stepOf(3, 0.05),
  parameters: tensor([length], 2),
  velocity: tensor([length], 3),
});

const adagradInputs = (length: number, number = 3, rate = 0.05, factor = 1) => ({
  gradient: tensor([length], 1),
  scale: scale(factor),
  step: stepOf(number, rate),
  parameters: tensor([length], 2),
  sum: squared(tensor([length], 3)),
});

testKernel(adagrad, {
  cases: [
    ...[1, 63, 64, 65, 5003].map((length) => ({
      name: `${length} parameters`,
      inputs: adagradInputs(length),
      attributes: {} as AdagradAttributes,
    })),
    { name: 'decay of the rate', inputs: adagradInputs(9), attributes: { rateDecay: 0.5 } },
    { name: 'the first step', inputs: adagradInputs(9, 1), attributes: { rateDecay: 0.5 } },
    {
      name: 'weight decay on the first half',
      inputs: adagradInputs(100),
      attributes: { weightDecay: 0.1, decayLength: 50 },
    },
    { name: 'scaled gradient', inputs: adagradInputs(9, 3, 0.05, 0.25), attributes: {} },
    { name: 'scale 0 leaves the step out', inputs: adagradInputs(9, 3, 0.05, 0), attributes: {} },
    { name: 'another epsilon', inputs: adagradInputs(9), attributes: { epsilon: 0.5 } },
    {
      name: 'a sum that begins at 0',
      inputs: { ...adagradInputs(9, 1), sum: zeros(9) },
      attributes: {},
    },
    {
      name: 'no gradient yet',
      inputs: { ...adagradInputs(3, 1), gradient: zeros(3), sum: zeros(3) },
      attributes: {},
    },
  ],
  reference: ({ gradient, scale: factor, step, parameters, sum }, attributes) =>
    reference.adagrad(
      { parameters: parameters.data, sum: sum.data },
      gradient.data,
      stepNumber(step),
      {
        rateDecay: 0,
        epsilon: 1e-10,
        weightDecay: 0,
        decayLength: parameters.data.length,
        ...attributes,
        learningRate: learningRate(step),
        scale: factor.data[0],
      },
    ),
  tolerance: { absolute: 3e-7, relative: 3e-6 }, // as Adam's
});

testKernel(sgd, {
  cases: [
    ...[1, 64, 65, 5003].map((length) => ({
      name: `${length} parameters`,
      inputs: sgdInputs(length),
      attributes: { momentum: 0.9 } as SgdAttributes,
    })),
    { name: 'plain', inputs: sgdInputs(10), attributes: {} },
    { name: 'Nesterov', inputs: sgdInputs(100), attributes: { momentum: 0.9, nesterov: true } },
    {
      name: 'weight decay on the first half',
      inputs: sgdInputs(100),
      attributes: { momentum: 0.9, nesterov: true, weightDecay: 0.1, decayLength: 50 },
    },
    { name: 'dampening', inputs: sgdInputs(9), attributes: { momentum: 0.9, dampening: 0.25 } },
    {
      name: 'dampening, first step',
      inputs: { ...sgdInputs(9), step: stepOf(1, 0.05), velocity: zeros(9) },
      attributes: { momentum: 0.9, dampening: 0.25 },
    },
    { name: 'weight decay on all', inputs: sgdInputs(9), attributes: { weightDecay: 0.1 } },
    { name: 'scaled gradient', inputs: sgdInputs(100, 0.25), attributes: { momentum: 0.9 } },
    { name: 'scale 0 leaves the step out', inputs: sgdInputs(9, 0), attributes: { momentum: 0.9 } },
    {
      name: 'zero gradient',
      inputs: { ...sgdInputs(3), gradient: zeros(3) },
      attributes: { momentum: 0.9 },
    },
    {
      name: 'huge gradient, scaled down',
      inputs: { ...sgdInputs(2, 1e-18), gradient: tensor([2], [1e18, -2e18]) },
      attributes: {},
    },
  ],
  reference: ({ gradient, scale: factor, step, parameters, velocity }, attributes) =>
    reference.sgd({ parameters: parameters.data, velocity: velocity.data }, gradient.data, {
      ...sgdDefaults,
      number: stepNumber(step),
      decayLength: parameters.data.length,
      ...attributes,
      learningRate: learningRate(step),
      scale: factor.data[0],
    }),
  tolerance: { absolute: 5e-7, relative: 1e-6 }, // four roundings of sums below 3
});

testKernel(ema, {
  cases: [
    ...[1, 63, 64, 65, 200, 5003].map((length) => ({
      name: `${length} parameters`,
      inputs: { parameters: tensor([length], 1), average: tensor([length], 2) },
      attributes: { decay: 0.999 },
    })),
    ...[0, 0.5, 1].map((decay) => ({
      name: `decay ${decay}`,
      inputs: { parameters: tensor([20], 1), average: tensor([20], 2) },
      attributes: { decay },
    })),
    {
      name: 'equal stays equal',
      inputs: { parameters: tensor([20], 1), average: tensor([20], 1) },
      attributes: { decay: 0.9 },
    },
    {
      name: 'large values',
      inputs: { parameters: tensor([2], [1e30, -1e30]), average: tensor([2], [-1e30, 0]) },
      attributes: { decay: 0.9 },
    },
    {
      name: 'decay 0 copies',
      inputs: { parameters: tensor([2], [1e-3, -2]), average: tensor([2], [1e8, -3e9]) },
      attributes: { decay: 0 },
    },
  ],
  reference: ({ parameters, average }, { decay }) => ({
    average: reference.ema(parameters.data, average.data, decay),
  }),
  spreads: true, // infinity - infinity
  tolerance: { absolute: 3e-7, relative: 1e-6 }, // two roundings of numbers below 2
});

const none = undefined;
const withElement = (length: number, at: number, value: number) => {
  const data = uniform(length, 1);
  data[at] = value;
  return { gradient: tensor([length], data) };
};

testKernel(sumOfSquares, {
  cases: [
    ...[1, 63, 65, 4095, 4096, 4097, 10000].map((length) => ({
      name: `${length} elements`,
      inputs: { gradient: tensor([length], 1) },
      attributes: none,
    })),
    { name: 'zero gradient', inputs: { gradient: zeros(1500) }, attributes: none },
    {
      name: 'huge gradient',
      inputs: { gradient: tensor([1500], 1, { scale: 1e18 }) },
      attributes: none,
    },
    { name: 'largest floats', inputs: { gradient: tensor([2], [3e38, -3e38]) }, attributes: none },
    {
      name: 'tiny gradient',
      inputs: { gradient: tensor([100], 1, { scale: 1e-30 }) },
      attributes: none,
    },
    { name: 'NaN', inputs: withElement(8300, 4100, NaN), attributes: none },
    { name: 'infinity', inputs: withElement(100, 99, -Infinity), attributes: none },
  ],
  reference: ({ gradient }) => ({ partials: reference.sumOfSquares(gradient.data, 4096) }),
  tolerance: { absolute: 0, relative: 1e-5 }, // 4096 positive terms: at most 64 + 64 roundings
  race: { name: 'tiny', inputs: { gradient: tensor([70], 1) }, attributes: none },
});

const clipInputs = (partials: number[], badStep = 0) => ({
  partials: tensor([partials.length / 2, 2], partials),
  step: stepOf(9, 0.1),
  scale: scale(1),
  first_bad_step: tensor([1], [badStep], { dtype: 'u32' as const }),
});
const chunks = (count: number) =>
  Array.from(uniform(2 * count, 1), (x, i) => (i % 2 === 0 ? Math.abs(x) : 1 + Math.abs(x) * 500));

testKernel(clipGradNorm, {
  cases: [
    ...[1, 2, 63, 65, 300].map((count) => ({
      name: `${count} chunks`,
      inputs: clipInputs(chunks(count)),
      attributes: { maxNorm: 1 },
    })),
    {
      name: 'a norm below the bound stays',
      inputs: clipInputs([0.5, 1]),
      attributes: { maxNorm: 1 },
    },
    { name: 'zero gradient', inputs: clipInputs([0, 0, 0, 0]), attributes: { maxNorm: 1 } },
    { name: 'one zero chunk', inputs: clipInputs([0, 0, 2, 3]), attributes: { maxNorm: 1 } },
    {
      name: 'huge gradient',
      inputs: clipInputs([1e18, 700, 3e18, 5]),
      attributes: { maxNorm: 5 },
    },
    {
      name: 'no bound',
      inputs: clipInputs([1e18, 700, 3e18, 5]),
      attributes: { maxNorm: Infinity },
    },
    {
      name: 'a norm past the largest float is not finite',
      inputs: clipInputs([3e38, 4]),
      attributes: { maxNorm: 1 },
    },
    {
      name: 'an element was not finite',
      inputs: clipInputs([1, 2, 1, -1]),
      attributes: { maxNorm: 1 },
    },
    {
      name: 'the first bad step stays, and with it the scale 0',
      inputs: clipInputs([1, 2], 4),
      attributes: { maxNorm: 1 },
    },
    {
      name: 'tiny gradient',
      inputs: clipInputs([1e-30, 10, 1e-25, 3]),
      attributes: { maxNorm: 1 },
    },
  ],
  reference: ({ partials, step, first_bad_step }, { maxNorm }) => {
    const before = first_bad_step.data[0];
    const { norm, scale } = reference.clipGradNorm(partials.data, maxNorm, before !== 0);
    const bad = before || (norm < 0 ? stepNumber(step) : 0);
    return { scale: [scale], norm: [norm], first_bad_step: [bad] };
  },
  tolerance: { absolute: 0, relative: 1e-5 }, // 5 + 64 roundings of positive terms
  race: { name: 'tiny', inputs: clipInputs(chunks(3)), attributes: { maxNorm: 1 } },
});
