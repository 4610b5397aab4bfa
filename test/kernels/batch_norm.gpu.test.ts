import { batchNormStatistics } from '../../src/kernels/batch_norm';
import * as reference from '../../src/kernels/reference/batch_norm';
import { size } from '../../src/kernels/kernel';
import { tensor, testKernel } from '../support/kernel';
import { uniform } from '../support/random';

interface Shaped {
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
      running_mean: tensor([s.shape[0], s.shape[2]], 2),
      running_var: tensor([s.shape[0], s.shape[2]], 3),
    },
    attributes: { eps: 1e-5, momentum: 0.1 },
  }));

testKernel(batchNormStatistics, {
  cases: statisticsTest([
    ...shapes,
    { name: 'mean 1000, deviation 1', shape: [1, 4, 2, 24, 24], x: (v) => 1000 + v * 1.7 },
    { name: 'large values', shape: [1, 4, 2, 6, 6], x: (v) => v * 1e6 },
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
  tolerance: { absolute: 2e-6, relative: 3e-6 },
  race: statisticsTest([{ name: 'race', shape: [1, 2, 2, 2, 3] }])[0],
});
