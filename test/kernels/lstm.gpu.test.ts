import { lstmBackward, lstmCopyState, lstmForward, stepMask } from '../../src/kernels/lstm';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/lstm';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense } from '../support/kernel';

interface Shape {
  steps: number; // T
  samples: number; // N
  hidden: number; // H
  lengths?: number[];
  zeroState?: boolean;
  reverse?: boolean;
  /** Of xw: large ones saturate the gates. */
  scale?: number;
}

const shapes: Record<string, Shape> = {
  'one of everything': { steps: 1, samples: 1, hidden: 1 },
  'T = 1, N = 2, H = 3': { steps: 1, samples: 2, hidden: 3 },
  'T = 2, N = 3, H = 8': { steps: 2, samples: 3, hidden: 8 },
  'T = 3, N = 5: a workgroup with one sample': { steps: 3, samples: 5, hidden: 8 },
  'T = 5, N = 4, H = 64': { steps: 5, samples: 4, hidden: 64 },
  'T = 4, N = 5, H = 128': { steps: 4, samples: 5, hidden: 128 },
  'more units than threads': { steps: 2, samples: 2, hidden: 300 },
  'so many units that a workgroup takes one sample': { steps: 2, samples: 2, hidden: 515 },
  'zero state, T = 1': { steps: 1, samples: 5, hidden: 64, zeroState: true },
  'zero state, T = 3': { steps: 3, samples: 2, hidden: 8, zeroState: true },
  'lengths 0, 1, T and past T': { steps: 3, samples: 5, hidden: 8, lengths: [0, 1, 3, 9, 2] },
  'lengths and zero state': {
    steps: 2,
    samples: 4,
    hidden: 3,
    lengths: [0, 1, 2, 1],
    zeroState: true,
  },
  reverse: { steps: 3, samples: 3, hidden: 8, reverse: true },
  'reverse, zero state': { steps: 4, samples: 2, hidden: 5, zeroState: true, reverse: true },
  'reverse with lengths': {
    steps: 4,
    samples: 5,
    hidden: 8,
    lengths: [0, 1, 4, 2, 3],
    reverse: true,
  },
  'reverse with lengths and zero state': {
    steps: 3,
    samples: 4,
    hidden: 6,
    lengths: [3, 1, 0, 2],
    zeroState: true,
    reverse: true,
  },
  'saturated gates': { steps: 3, samples: 2, hidden: 8, scale: 100 },
  'gates far past exp': { steps: 2, samples: 1, hidden: 8, scale: 1e4 },
};

const sizesOf = ({ shape: [steps, samples, width] }: Dense, rows: number) => ({
  steps,
  samples,
  hidden: width / rows,
});

function forwardCase([name, shape]: [string, Shape]) {
  const { steps, samples, hidden, lengths, zeroState, reverse, scale } = shape;
  const state = zeroState
    ? {} // h and c hold NaN: they must not be read
    : { h: tensor([samples, hidden], 3), c: tensor([samples, hidden], 4, { scale: 2 }) };
  return {
    name,
    inputs: {
      xw: tensor([steps, samples, 4 * hidden], 1, { scale: scale ?? 2 }),
      weight_hh: tensor([4 * hidden, hidden], 2, { scale: 2 / Math.sqrt(hidden) }),
      lengths: tensor([samples], lengths ?? Array<number>(samples).fill(0), { dtype: 'u32' }),
      ...state,
    },
    attributes: { zeroState, hasLengths: lengths !== undefined, reverse },
  };
}

// The sums have at most 515 terms of scale 2 / sqrt(515): errors near 2e-7 in a, at most as much in
// the gates, whose own formulas are good to 2e-7. c sums over the steps.
const tolerance = { absolute: 3e-6, relative: 2e-6 };

testKernel(lstmForward, {
  cases: Object.entries(shapes).map(forwardCase),
  race: forwardCase([
    '',
    { steps: 2, samples: 3, hidden: 3, lengths: [2, 1, 0] }, // a sample is missing, more threads than units
  ]),
  reference: (inputs, { hasLengths, reverse, zeroState }) => {
    const { xw, weight_hh, lengths, h, c } = inputs as Record<string, Dense>;
    const sizes = { ...sizesOf(xw, 4), reverse, zeroState };
    const zeros = new Float64Array(sizes.samples * sizes.hidden);
    return reference.lstmForward(
      {
        xw: xw.data,
        weightHh: weight_hh.data,
        h0: h?.data ?? zeros,
        c0: c?.data ?? zeros,
        lengths: hasLengths ? lengths.data : undefined,
      },
      sizes,
    );
  },
  tolerance,
});

function backwardCase(
  [name, shape]: [string, Shape],
  has: { hasDhs?: boolean; hasDhN?: boolean; hasDcN?: boolean } = {},
) {
  const { steps, samples, hidden, lengths, zeroState, reverse, scale } = shape;
  const weight_hh = tensor([4 * hidden, hidden], 2, { scale: 2 / Math.sqrt(hidden) });
  const state = (seed: number) =>
    zeroState ? new Float64Array(samples * hidden) : tensor([samples, hidden], seed).data;
  const { gates } = reference.lstmForward(
    {
      xw: tensor([steps, samples, 4 * hidden], 1, { scale: scale ?? 2 }).data,
      weightHh: weight_hh.data,
      h0: state(3),
      c0: state(4),
      lengths,
    },
    shape,
  );
  return {
    name,
    inputs: {
      weight_hh,
      gates: tensor([steps, samples, 5 * hidden], gates),
      dhs: tensor([steps, samples, hidden], 5),
      dh_n: tensor([samples, hidden], 6),
      dc_n: tensor([samples, hidden], 7),
    },
    attributes: { zeroState, reverse, hasDhs: true, hasDhN: true, hasDcN: true, ...has },
  };
}

testKernel(lstmBackward, {
  cases: [
    ...Object.entries(shapes).map((shape) => backwardCase(shape)),
    backwardCase(['dhs alone', { steps: 3, samples: 2, hidden: 8 }], {
      hasDhN: false,
      hasDcN: false,
    }),
    backwardCase(['dh_n alone', { steps: 3, samples: 2, hidden: 8, lengths: [0, 2] }], {
      hasDhs: false,
      hasDcN: false,
    }),
    backwardCase(['dc_n alone', { steps: 3, samples: 2, hidden: 8 }], {
      hasDhs: false,
      hasDhN: false,
    }),
  ],
  race: backwardCase(['', { steps: 2, samples: 3, hidden: 3, lengths: [2, 1, 0] }]),
  reference: ({ weight_hh, gates, dhs, dh_n, dc_n }, attributes) => {
    const { zeroState, reverse, hasDhs, hasDhN, hasDcN } = attributes;
    const gradients = reference.lstmBackward(
      {
        weightHh: weight_hh.data,
        gates: gates.data,
        dhs: hasDhs ? dhs.data : undefined,
        dhN: hasDhN ? dh_n.data : undefined,
        dcN: hasDcN ? dc_n.data : undefined,
      },
      { ...sizesOf(gates, 5), reverse },
    );
    if (!zeroState) return gradients;
    const zeros = new Float64Array(size(dh_n.shape));
    return { ...gradients, dh0: zeros, dc0: zeros };
  },
  // Sums of 4 H <= 2060 terms of scale 2 / sqrt(H), over the steps.
  noInfinity: ['gates'],
  spreads: true, // a weight that is NaN, times the gradient 0 of a step not taken
  tolerance: { absolute: 5e-6, relative: 2e-6 },
});

testKernel(lstmCopyState, {
  cases: [
    [1, 1],
    [1, 64],
    [5, 13],
    [3, 128],
    [64, 128],
    [1, 65],
    [7, 9],
    [2, 3],
    [1, 1000],
    [11, 65],
  ].map((shape) => ({
    name: `[${shape}]`,
    inputs: { h0: tensor(shape, 1), c0: tensor(shape, 2) },
    attributes: undefined,
    folded: shape[0] === 11,
  })),
  reference: ({ h0, c0 }) => ({ h: h0.data, c: c0.data }),
  tolerance: { absolute: 0, relative: 0 },
});

function gradientCase(
  name: string,
  { steps, samples, hidden, lengths, reverse, scale }: Shape,
  input: number,
) {
  const of = (seed: number, ...shape: number[]) => tensor(shape, seed);
  return {
    name,
    inputs: {
      x: tensor([steps, samples, input], 1, { scale }),
      weight_ih: of(2, 4 * hidden, input),
      weight_hh: of(3, 4 * hidden, hidden),
      bias_ih: of(4, 4 * hidden),
      bias_hh: of(5, 4 * hidden),
      h0: of(6, samples, hidden),
      c0: of(7, samples, hidden),
    },
    attributes: { steps, samples, hidden, input, lengths, reverse },
  };
}

const dataOf = <K extends string>(inputs: Record<K, Dense>) =>
  Object.fromEntries(
    Object.entries<Dense>(inputs).map(([name, { data }]) => [name, data]),
  ) as Record<K, ArrayLike<number>>;

testGradient('lstm', {
  cases: [
    gradientCase('T = 1', { steps: 1, samples: 2, hidden: 3 }, 4),
    gradientCase('T = 5', { steps: 5, samples: 2, hidden: 3 }, 2),
    gradientCase('lengths', { steps: 3, samples: 4, hidden: 2, lengths: [0, 1, 3, 2] }, 3),
    gradientCase('reverse', { steps: 4, samples: 2, hidden: 3, reverse: true }, 2),
    gradientCase(
      'reverse with lengths',
      { steps: 3, samples: 4, hidden: 2, lengths: [0, 1, 3, 2], reverse: true },
      3,
    ),
    gradientCase('nearly saturated', { steps: 3, samples: 1, hidden: 4, scale: 4 }, 3),
  ],
  forward: (inputs, { lengths, ...sizes }) => {
    const { hs, h, c } = reference.lstm(dataOf(inputs), sizes, lengths);
    return [...hs, ...h, ...c];
  },
  backward: (inputs, dy, { lengths, ...sizes }) => {
    const [outputs, states] = [
      sizes.steps * sizes.samples * sizes.hidden,
      sizes.samples * sizes.hidden,
    ];
    return reference.lstmGradient(
      dataOf(inputs),
      sizes,
      {
        hs: dy.subarray(0, outputs),
        h: dy.subarray(outputs, outputs + states),
        c: dy.subarray(outputs + states),
      },
      lengths,
    );
  },
});

testKernel(stepMask, {
  cases: [
    [1, [1]],
    [1, [0]],
    [3, [3, 0, 1]],
    [5, [9, 2, 5, 4]],
    [2, [1]],
    [4, [0xffffffff, 3]],
    [7, [1, 2, 3, 4, 5, 6, 7]],
    [1, [0, 1, 0]],
    [70, [35, 70]],
    [6, [6, 6, 6]],
  ].map((given) => {
    const [steps, lengths] = given as [number, number[]];
    return {
      name: `${steps} steps, lengths ${lengths}`,
      inputs: { lengths: tensor([lengths.length], lengths, { dtype: 'u32' as const }) },
      attributes: { steps },
    };
  }),
  reference: ({ lengths }, { steps }) => ({
    y: Float64Array.from({ length: steps * lengths.data.length }, (_, at) =>
      Math.floor(at / lengths.data.length) < lengths.data[at % lengths.data.length] ? 1 : 0,
    ),
  }),
  tolerance: { absolute: 0, relative: 0 },
});
