import {
  batchNormBackwardInput,
  batchNormBackwardReduce,
  batchNormForward,
  batchNormInference,
  batchNormStatistics,
} from '../../src/kernels/batch_norm';
import { bordered, size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/batch_norm';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense } from '../support/kernel';
import { uniform } from '../support/random';

interface Shaped {
  momentum?: number;
  name: string;
  shape: number[];
  x?: (v: number, i: number) => number;
}

const shapes: Shaped[] = [
  { name: 'one element', shape: [1, 1, 1, 1, 1] },
  { name: 'H = W = 1', shape: [1, 6, 5, 1, 1] },
  { name: 'H = W = 1, two streams', shape: [2, 300, 3, 1, 1] },
  { name: 'N = 1', shape: [1, 1, 3, 4, 4] },
  { name: 'odd sizes', shape: [1, 3, 2, 7, 5] },
  { name: 'two streams', shape: [2, 2, 3, 3, 5] },
  { name: 'fewer elements than threads', shape: [1, 2, 4, 3, 3] },
  { name: 'planes larger than a workgroup', shape: [2, 3, 2, 16, 15] },
  { name: 'many channels', shape: [2, 2, 70, 2, 2] },
  { name: 'zeros', shape: [1, 2, 2, 5, 5], x: () => 0 },
];

function input({ shape, x }: Shaped) {
  return tensor(shape, x ? uniform(size(shape), 1).map(x) : 1, { scale: 3 });
}

const statisticsTest = (cases: Shaped[]) =>
  cases.map((s) => ({
    name: s.name,
    inputs: {
      x: input(s),
      running_mean: tensor([s.shape[0], s.shape[2]], 2, { scale: s.momentum === 1 ? 1e8 : 1 }),
      running_var: tensor([s.shape[0], s.shape[2]], 3),
    },
    attributes: { eps: 1e-5, momentum: s.momentum ?? 0.1 },
  }));

testKernel(batchNormStatistics, {
  cases: statisticsTest([
    ...shapes,
    { name: 'mean 1000, deviation 1', shape: [1, 4, 2, 24, 24], x: (v) => 1000 + v * 1.7 },
    { name: 'large values', shape: [1, 4, 2, 6, 6], x: (v) => v * 1e6 },
    { name: 'momentum 1: nothing is left of a large mean', shape: [1, 4, 2, 6, 6], momentum: 1 },
    {
      name: 'each thread begins at an outlier',
      shape: [1, 1, 1, 40, 40],
      x: (v, i) => (i < 128 ? 1000 : v),
    },
  ]),
  reference: ({ x, running_mean, running_var }, { eps, momentum }) => {
    const statistics = reference.batchNormStatistics(x.data, x.shape, eps);
    const running = { running_mean: running_mean.data, running_var: running_var.data };
    return {
      ...statistics,
      ...reference.batchNormRunning(running, statistics, x.shape, momentum),
    };
  },
  // rstd: the variance's relative error, at most (values of a thread) * 6e-8, halved by the root.
  // The mean is a sum of at most 18 values a thread and 7 merges; 2e-6 is relative to values up to 1.
  spreads: true, // the mean of an infinity
  tolerance: { absolute: 2e-6, relative: 3e-6 },
  race: statisticsTest([{ name: 'race', shape: [1, 2, 2, 2, 3] }])[0],
});

/** Parameters and statistics, [G, C]. gamma has both signs and a zero. */
function channels({ shape }: Shaped) {
  const [G, , C] = shape;
  const of = (seed: number, map: (v: number, i: number) => number) =>
    tensor([G, C], uniform(G * C, seed).map(map));
  return {
    mean: of(11, (v) => v),
    rstd: of(12, (v) => 1 + v / 2),
    gamma: of(13, (v, i) => (i === 1 ? 0 : v)),
    beta: of(14, (v) => v),
  };
}

/** Every other case writes its result with a border. */
const layoutFor = ({ shape }: Shaped, i: number) => (i % 2 ? bordered(shape[4]) : undefined);

function data<K extends string>(inputs: Record<K, Dense>): Record<K, ArrayLike<number>> {
  const entries = Object.entries<Dense>(inputs).map(([name, t]) => [name, t.data]);
  return Object.fromEntries(entries) as Record<K, ArrayLike<number>>;
}

// A product, a difference or two and a sum, of numbers up to 4: each rounds by 6e-8 of its size.
const elementwise = { absolute: 2e-6, relative: 2e-6 };

testKernel(batchNormForward, {
  cases: shapes.map((s, i) => ({
    name: s.name,
    inputs: { x: input(s), ...channels(s) },
    attributes: { layout: layoutFor(s, i) },
  })),
  reference: ({ x, ...channel }) => ({
    y: reference.batchNormForward(x.data, x.shape, data(channel)),
  }),
  tolerance: elementwise,
});

testKernel(batchNormInference, {
  cases: shapes.map((s, i) => {
    const { mean, rstd, gamma, beta } = channels(s);
    return {
      name: s.name,
      inputs: { x: input(s), running_mean: mean, running_var: rstd, gamma, beta },
      attributes: { layout: layoutFor(s, i), eps: 1e-5 },
    };
  }),
  reference: ({ x, running_mean, running_var, gamma, beta }, { eps }) => ({
    y: reference.batchNormForward(x.data, x.shape, {
      ...data({ mean: running_mean, gamma, beta }),
      rstd: Float64Array.from(running_var.data, (v) => 1 / Math.sqrt(v + eps)),
    }),
  }),
  tolerance: elementwise,
});

function gradientInputs(s: Shaped, i: number) {
  const { mean, rstd, gamma } = channels(s);
  return {
    x: input(s),
    dy: tensor(s.shape, 21, { layout: i % 3 ? bordered(s.shape[4]) : undefined }),
    mean,
    rstd,
    gamma,
  };
}

testKernel(batchNormBackwardReduce, {
  cases: shapes.map((s, i) => {
    const { x, dy, mean, rstd } = gradientInputs(s, i);
    return { name: s.name, inputs: { x, dy, mean, rstd }, attributes: undefined };
  }),
  reference: ({ x, dy, mean, rstd }) =>
    reference.batchNormBackwardReduce(x.data, x.shape, data({ dy, mean, rstd })),
  // Sums of up to 720 terms of size 4 in a tree: about sqrt(720) * 6e-8 * 4.
  noInfinity: ['rstd'],
  tolerance: { absolute: 7e-6, relative: 2e-6 },
  race: {
    name: 'race',
    inputs: {
      x: tensor([1, 2, 2, 2, 3], 1),
      dy: tensor([1, 2, 2, 2, 3], 2),
      mean: tensor([1, 2], 3),
      rstd: tensor([1, 2], 4),
    },
    attributes: undefined,
  },
});

testKernel(batchNormBackwardInput, {
  cases: shapes.map((s, i) => {
    const { gamma, ...rest } = gradientInputs(s, i);
    return {
      name: s.name,
      inputs: {
        ...rest,
        gamma,
        dgamma: tensor(gamma.shape, 22, { scale: 2 }),
        dbeta: tensor(gamma.shape, 23, { scale: 2 }),
      },
      attributes: { layout: layoutFor(s, i) },
    };
  }),
  reference: ({ x, ...rest }) => ({
    dx: reference.batchNormBackwardInput(x.data, x.shape, data(rest)),
  }),
  tolerance: { absolute: 5e-6, relative: 2e-6 }, // as above, with up to six factors
});

testGradient('batch_norm', {
  cases: [
    { name: 'H = W = 1', shape: [1, 5, 3, 1, 1] },
    { name: 'odd sizes', shape: [1, 2, 2, 3, 5] },
    { name: 'two streams', shape: [2, 3, 2, 2, 2] },
  ].map((s) => ({
    name: s.name,
    inputs: { x: input(s), gamma: channels(s).gamma, beta: channels(s).beta },
    attributes: undefined,
  })),
  forward: ({ x, gamma, beta }) => {
    const { mean, rstd } = reference.batchNormStatistics(x.data, x.shape, 1e-5);
    return reference.batchNormForward(x.data, x.shape, { mean, rstd, ...data({ gamma, beta }) });
  },
  backward: ({ x, gamma }, dy) => {
    const { mean, rstd } = reference.batchNormStatistics(x.data, x.shape, 1e-5);
    const sums = reference.batchNormBackwardReduce(x.data, x.shape, { mean, rstd, dy });
    const dx = reference.batchNormBackwardInput(x.data, x.shape, {
      mean,
      rstd,
      dy,
      ...sums,
      gamma: gamma.data,
    });
    return { x: dx, gamma: sums.dgamma, beta: sums.dbeta };
  },
});
