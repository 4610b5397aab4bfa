import {
  bnReluPoolBackward,
  bnReluPoolForward,
  bnReluPoolInference,
} from '../../src/kernels/bn_relu_pool';
import { bordered, size, type Layout } from '../../src/kernels/kernel';
import { batchNormRunning } from '../../src/kernels/reference/batch_norm';
import * as reference from '../../src/kernels/reference/bn_relu_pool';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type TestTensor } from '../support/kernel';
import { uniform } from '../support/random';

// Every output is a handful of products and differences of numbers of size a few: 2 to 5 roundings.
const fewRoundings = { absolute: 2e-6, relative: 2e-6 };

interface Shaped {
  name: string;
  shape: number[]; // of x
  layout?: Layout;
  dyLayout?: Layout;
  /** Of dx, where it is not 2. */
  border?: number;
  x?: (i: number) => number;
}

const shapes: Shaped[] = [
  { name: 'one window', shape: [1, 1, 1, 2, 2] },
  { name: 'N = 1, bordered', shape: [1, 1, 3, 4, 6], layout: bordered(3) },
  { name: 'odd height and width', shape: [1, 2, 3, 7, 5] },
  { name: 'odd, bordered', shape: [2, 2, 2, 3, 3], layout: bordered(1), dyLayout: bordered(1) },
  { name: 'odd height alone', shape: [1, 2, 2, 5, 4], layout: bordered(2) },
  { name: 'odd width alone', shape: [1, 2, 2, 4, 9], layout: bordered(4), dyLayout: bordered(4) },
  { name: 'two streams', shape: [2, 3, 5, 6, 6], layout: bordered(3), dyLayout: bordered(3) },
  { name: 'one row of windows', shape: [1, 2, 2, 2, 19] },
  { name: 'past one workgroup', shape: [2, 4, 2, 24, 24], layout: bordered(12) },
  { name: 'many channels', shape: [1, 1, 150, 2, 2] },
  { name: 'many samples', shape: [1, 301, 2, 3, 2], layout: bordered(1), dyLayout: bordered(1) },
  { name: 'zeros', shape: [1, 2, 2, 4, 4], x: () => 0 },
  { name: 'ties', shape: [2, 2, 3, 8, 8], x: (i) => (i * i) % 3 },
  { name: 'large mean', shape: [1, 3, 2, 6, 6], x: (i) => 1000 + ((i * 37) % 11) / 4 },
];

function input({ shape, x }: Shaped): TestTensor {
  if (!x) return tensor(shape, 1, { scale: 3 });
  return tensor(
    shape,
    Float64Array.from({ length: size(shape) }, (_, i) => x(i)),
  );
}

const pooled = (shape: number[]) => [
  ...shape.slice(0, 3),
  Math.floor(shape[3] / 2),
  Math.floor(shape[4] / 2),
];

/** Parameters and statistics, [G, C]. gamma has every sign; the first channel's is 0. */
function channels({ shape, name }: Shaped) {
  const [G, , C] = shape;
  const of = (seed: number, map: (v: number, i: number) => number) =>
    tensor([G, C], uniform(G * C, seed).map(map));
  return {
    mean: of(11, (v) => (name === 'large mean' ? 1001 : 0) + v / 2),
    rstd: of(12, (v) => 1 + v / 2),
    gamma: of(13, (v, i) => (i === 0 && G * C > 1 ? 0 : v)),
    beta: of(14, (v) => v / 2),
  };
}

const forwardTest = (cases: Shaped[]) =>
  cases.map((s) => {
    const { mean, rstd, gamma, beta } = channels(s);
    return {
      name: s.name,
      inputs: { x: input(s), gamma, beta, running_mean: mean, running_var: rstd },
      attributes: { layout: s.layout, eps: 1e-5, momentum: 0.1 },
    };
  });

testKernel(bnReluPoolForward, {
  cases: forwardTest([
    ...shapes.filter(({ name }) => name !== 'large mean'),
    // A mean is rounded to float32: at 10 by 5e-7, and so is all that it is taken from.
    { name: 'mean above deviation', shape: [1, 3, 2, 6, 6], x: (i) => 10 + ((i * 37) % 11) / 4 },
    { name: 'large values', shape: [1, 4, 2, 6, 6], x: (i) => ((i * 37) % 101) * 1e6 },
    {
      name: 'each thread begins at an outlier',
      shape: [1, 1, 1, 40, 40],
      x: (i) => (i < 128 ? 100 + (i % 7) : ((i * 29) % 31) / 8),
    },
  ]),
  reference: ({ x, gamma, beta, running_mean, running_var }, { eps, momentum }) => {
    const affine = { gamma: gamma.data, beta: beta.data, eps };
    const { y, winner, ...statistics } = reference.bnReluPoolTraining(x.data, x.shape, affine);
    const running = { running_mean: running_mean.data, running_var: running_var.data };
    const { mean, rstd } = statistics;
    return {
      y,
      winner,
      moments: Array.from(mean).flatMap((value, i) => [value, rstd[i]]),
      ...batchNormRunning(running, statistics, x.shape, momentum),
    };
  },
  // Mean and deviation as in batch_norm.statistics, 3e-6, then a few roundings of numbers up to 10.
  noInfinity: ['gamma', 'beta'], // all elements would tie
  spreads: true, // the mean of an infinity
  tolerance: { absolute: 1e-5, relative: 1e-5 },
  race: forwardTest([{ name: 'race', shape: [1, 2, 2, 2, 3] }])[0],
});

testKernel(bnReluPoolInference, {
  cases: shapes.map((s) => {
    const { mean, gamma, beta } = channels(s);
    const variance = uniform(size(mean.shape), 15).map((v) => 1 + v / 2);
    return {
      name: s.name,
      inputs: {
        x: input(s),
        running_mean: mean,
        running_var: tensor(mean.shape, variance),
        gamma,
        beta,
      },
      attributes: { layout: s.layout, eps: 1e-5 },
    };
  }),
  reference: ({ x, running_mean, running_var, gamma, beta }, { eps }) =>
    reference.bnReluPoolForward(x.data, x.shape, {
      mean: running_mean.data,
      rstd: Float64Array.from(running_var.data, (v) => 1 / Math.sqrt(v + eps)),
      gamma: gamma.data,
      beta: beta.data,
    }),
  noInfinity: ['gamma', 'beta', 'running_mean'],
  tolerance: fewRoundings,
});

/** Half of the windows shut, as ReLU leaves them. */
function winners(shape: number[]): TestTensor {
  return tensor(
    shape,
    uniform(size(shape), 21, 2).map((v) => (v > 0 ? v : reference.NONE)),
  );
}

const backwardTest = (cases: (Shaped & { shut?: boolean })[]) =>
  cases.map((s) => {
    const { mean, rstd, gamma } = channels(s);
    const shape = pooled(s.shape);
    const shut = tensor(shape, new Float64Array(size(shape)).fill(reference.NONE));
    const moments = Array.from(mean.data).flatMap((value, i) => [value, rstd.data[i]]);
    return {
      name: s.name,
      inputs: {
        x: input(s),
        winner: s.shut ? shut : winners(shape),
        dy: tensor(shape, 22, { layout: s.dyLayout }),
        moments: tensor([...mean.shape, 2], moments),
        gamma,
      },
      attributes: { layout: s.layout && bordered(s.shape[4], s.border) },
    };
  });

testKernel(bnReluPoolBackward, {
  cases: backwardTest([
    ...shapes,
    { name: 'all shut', shape: [1, 2, 1, 4, 4], shut: true },
    ...[
      [2, 2, 3, 6, 6],
      [1, 2, 2, 5, 7],
      [1, 3, 1, 2, 9],
    ].flatMap((shape, i) =>
      [1, 3].map((border) => ({
        name: `border of ${border}, ${shape}`,
        shape,
        layout: bordered(shape[4] >> 1, i),
        border,
      })),
    ),
  ]),
  reference: ({ x, winner, dy, moments, gamma }) => {
    const pick = (k: number) => Float64Array.from(gamma.data, (_, i) => moments.data[2 * i + k]);
    const { dz, ...sums } = reference.bnReluPoolBackwardReduce(
      winner.data,
      dy.data,
      pooled([...x.shape]),
    );
    const channel = { mean: pick(0), rstd: pick(1), gamma: gamma.data };
    const dx = reference.bnReluPoolBackwardInput(x.data, x.shape, { dz, ...channel, ...sums });
    return { dx, ...sums };
  },
  // Sums of up to 576 terms of size 2 in a tree: about sqrt(576) * 6e-8 * 2.
  finite: ['x'], // a NaN in x is in the moments too
  noInfinity: ['gamma', 'winner', 'moments'],
  tolerance: { absolute: 5e-6, relative: 2e-6 },
  race: backwardTest([{ name: 'race', shape: [1, 2, 2, 4, 6] }])[0],
});

testGradient('bn_relu_pool', {
  cases: [
    { name: 'even', shape: [1, 3, 2, 4, 4] },
    { name: 'odd', shape: [1, 2, 2, 5, 3] },
    { name: 'two streams', shape: [2, 2, 2, 2, 4] },
  ].map((s) => ({
    name: s.name,
    inputs: {
      x: input(s),
      gamma: tensor([s.shape[0], s.shape[2]], 13),
      beta: tensor([s.shape[0], s.shape[2]], 14),
    },
    attributes: undefined,
  })),
  forward: ({ x, gamma, beta }) =>
    reference.bnReluPoolTraining(x.data, x.shape, {
      gamma: gamma.data,
      beta: beta.data,
      eps: 1e-5,
    }).y,
  backward: ({ x, gamma, beta }, dy) => {
    const { dx, dgamma, dbeta } = reference.bnReluPoolTraining(
      x.data,
      x.shape,
      { gamma: gamma.data, beta: beta.data, eps: 1e-5 },
      dy,
    );
    return { x: dx, gamma: dgamma, beta: dbeta };
  },
});
