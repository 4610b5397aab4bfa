import { gruBackward, gruBackwardWeight, gruForward } from '../../src/kernels/gru';
import * as reference from '../../src/kernels/reference/gru';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense } from '../support/kernel';

interface Shape {
  steps: number; // T
  samples: number; // N
  hidden: number; // H
  lengths?: number[];
  zeroState?: boolean;
  reverse?: boolean;
  bias?: boolean;
  /** Of xw: large ones saturate the gates. */
  scale?: number;
  /** Also with the reset gate first. */
  both?: boolean;
}

const shapes: Record<string, Shape> = {
  'one of everything': { steps: 1, samples: 1, hidden: 1 },
  'T = 2, N = 3, H = 8': { steps: 2, samples: 3, hidden: 8, both: true },
  'T = 5, N = 2, H = 64': { steps: 5, samples: 2, hidden: 64 },
  'T = 2, N = 3, H = 128': { steps: 2, samples: 3, hidden: 128 },
  'more units than threads': { steps: 2, samples: 2, hidden: 300, both: true },
  'no bias': { steps: 3, samples: 2, hidden: 5, bias: false },
  'zero state': { steps: 3, samples: 2, hidden: 8, zeroState: true },
  'lengths 0, 1, T and past T': {
    steps: 3,
    samples: 5,
    hidden: 8,
    lengths: [0, 1, 3, 9, 2],
    both: true,
  },
  reverse: { steps: 3, samples: 3, hidden: 8, reverse: true },
  'reverse with lengths, from zero': {
    steps: 4,
    samples: 4,
    hidden: 6,
    lengths: [3, 1, 0, 4],
    zeroState: true,
    reverse: true,
    both: true,
  },
  'saturated gates': { steps: 3, samples: 2, hidden: 8, scale: 100 },
  'gates far past exp': { steps: 2, samples: 1, hidden: 8, scale: 1e4 },
};

const cases = Object.entries(shapes).flatMap(([name, shape]) =>
  (shape.both ? [false, true] : [false]).map((resetFirst) => ({
    name: `${name}${resetFirst ? ', reset first' : ''}`,
    shape,
    resetFirst,
  })),
);
type Case = (typeof cases)[number];

function forwardCase({ name, shape, resetFirst }: Case) {
  const { steps, samples, hidden, lengths, zeroState, reverse, bias, scale } = shape;
  const unread = (n: number) => Array<number>(n).fill(NaN);
  return {
    name,
    inputs: {
      xw: tensor([steps, samples, 3 * hidden], 1, { scale: scale ?? 2 }),
      weight_hh: tensor([3 * hidden, hidden], 2, { scale: 2 / Math.sqrt(hidden) }),
      bias_hh: tensor([3 * hidden], bias === false ? unread(3 * hidden) : 3),
      lengths: tensor([samples], lengths ?? Array<number>(samples).fill(0), { dtype: 'u32' }),
      h0: tensor([samples, hidden], zeroState ? unread(samples * hidden) : 4),
    },
    attributes: {
      zeroState,
      reverse,
      resetFirst,
      hasBias: bias !== false,
      hasLengths: lengths !== undefined,
    },
  };
}

const sizesOf = ({ shape: [steps, samples, width] }: Dense, rows: number) => ({
  steps,
  samples,
  hidden: width / rows,
});

type ForwardInputs = Record<'xw' | 'weight_hh' | 'bias_hh' | 'lengths' | 'h0', Dense>;
function runForward(
  inputs: ForwardInputs,
  attributes: ReturnType<typeof forwardCase>['attributes'],
) {
  const { xw, weight_hh, bias_hh, lengths, h0 } = inputs;
  const { zeroState, hasBias, hasLengths, reverse, resetFirst } = attributes;
  return reference.gruForward(
    {
      xw: xw.data,
      weightHh: weight_hh.data,
      biasHh: hasBias ? bias_hh.data : undefined,
      h0: zeroState ? new Float64Array(h0.data.length) : h0.data,
      lengths: hasLengths ? lengths.data : undefined,
    },
    { ...sizesOf(xw, 3), reverse, resetFirst },
  );
}

const race = {
  name: '',
  shape: { steps: 2, samples: 3, hidden: 3, lengths: [2, 1, 0] },
  resetFirst: true,
};

testKernel(gruForward, {
  cases: cases.map(forwardCase),
  race: forwardCase(race),
  reference: runForward,
  // As the LSTM's: sums of at most 300 terms of scale 2 / sqrt(300), over a few steps.
  noInfinity: ['h0'], // a gate that lets nothing of it through is 1e-35 here, not 0
  spreads: true, // a weight that is NaN, in a step not taken
  tolerance: { absolute: 3e-6, relative: 2e-6 },
});

function backwardCase(c: Case, has: { hasDhs?: boolean; hasDhN?: boolean } = {}) {
  const { inputs, attributes } = forwardCase(c);
  const { zeroState, reverse, resetFirst } = attributes;
  const { steps, samples, hidden } = c.shape;
  const { gates } = runForward(inputs, attributes);
  return {
    name: c.name,
    inputs: {
      weight_hh: inputs.weight_hh,
      gates: tensor([steps, samples, 5 * hidden], gates),
      dhs: tensor([steps, samples, hidden], 5),
      dh_n: tensor([samples, hidden], 6),
    },
    attributes: { zeroState, reverse, resetFirst, hasDhs: true, hasDhN: true, ...has },
  };
}

testKernel(gruBackward, {
  cases: [
    ...cases.map((c) => backwardCase(c)),
    backwardCase({ ...cases[2], name: 'dhs alone' }, { hasDhN: false }),
    backwardCase({ ...cases[3], name: 'dh_n alone' }, { hasDhs: false }),
  ],
  race: backwardCase(race),
  reference: ({ weight_hh, gates, dhs, dh_n }, attributes) => {
    const { zeroState, reverse, resetFirst, hasDhs, hasDhN } = attributes;
    const gradients = reference.gruBackward(
      {
        weightHh: weight_hh.data,
        gates: gates.data,
        dhs: hasDhs ? dhs.data : undefined,
        dhN: hasDhN ? dh_n.data : undefined,
      },
      { ...sizesOf(gates, 5), reverse, resetFirst },
    );
    return zeroState ? { ...gradients, dh0: gradients.dh0.fill(0) } : gradients;
  },
  // Sums of 3 H <= 900 terms of scale 2 / sqrt(H), over the steps.
  noInfinity: ['gates'],
  spreads: true, // a weight that is NaN, times the gradient 0 of a step not taken
  tolerance: { absolute: 5e-6, relative: 2e-6 },
});

testKernel(gruBackwardWeight, {
  cases: cases
    .filter(({ shape }) => (shape.scale ?? 1) < 10)
    .map(({ name, shape: { steps, samples, hidden }, resetFirst }) => ({
      name,
      inputs: {
        gates: tensor([steps, samples, 5 * hidden], 1),
        dhw: tensor([steps, samples, 3 * hidden], 2),
      },
      attributes: { resetFirst },
    })),
  reference: ({ gates, dhw }, { resetFirst }) => ({
    dweight_hh: reference.gruBackwardWeight(gates.data, dhw.data, {
      ...sizesOf(gates, 5),
      resetFirst,
    }),
  }),
  tolerance: { absolute: 3e-6, relative: 1e-6 }, // sums of at most 15 terms
});

const dataOf = <K extends string>(inputs: Record<K, Dense>) =>
  Object.fromEntries(
    Object.entries<Dense>(inputs).map(([name, { data }]) => [name, data]),
  ) as Record<K, ArrayLike<number>>;

testGradient('gru', {
  cases: cases
    .filter(({ shape }) => shape.hidden <= 8 && !shape.scale)
    .map(({ name, shape: { steps, samples, hidden, lengths, reverse }, resetFirst }) => ({
      name,
      inputs: {
        x: tensor([steps, samples, 3], 1),
        weight_ih: tensor([3 * hidden, 3], 2),
        weight_hh: tensor([3 * hidden, hidden], 3),
        bias_ih: tensor([3 * hidden], 4),
        bias_hh: tensor([3 * hidden], 5),
        h0: tensor([samples, hidden], 6),
      },
      attributes: { steps, samples, hidden, input: 3, lengths, reverse, resetFirst },
    })),
  forward: (inputs, { lengths, ...sizes }) => {
    const { hs, h_n } = reference.gru(dataOf(inputs), sizes, lengths);
    return [...hs, ...h_n];
  },
  backward: (inputs, dy, { lengths, ...sizes }) => {
    const outputs = sizes.steps * sizes.samples * sizes.hidden;
    return reference.gruGradient(
      dataOf(inputs),
      sizes,
      { hs: dy.subarray(0, outputs), h_n: dy.subarray(outputs) },
      lengths,
    );
  },
});
