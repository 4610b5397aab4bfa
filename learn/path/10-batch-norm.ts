import { batchNormStatistics } from '../../src/kernels/batch_norm';
import {
  batchNormRunning,
  batchNormStatistics as reference,
} from '../../src/kernels/reference/batch_norm';
import { dispatchOf, inWorkgroupsOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';
import together from './fused.wgsl';

const attributes = { eps: 1e-5, momentum: 0.1 };

export function statistics(shape: number[], add = 0, threads = 8): Dispatch {
  const [G, , C] = shape;
  const count = shape.reduce((a, b) => a * b, 1);
  const x = tensor(
    shape,
    numbers(count, C).map((v) => v + add),
  );
  const running_mean = tensor([G, C], 4);
  const running_var = tensor([G, C], new Array(G * C).fill(1));
  const made = reference(x.data, shape, attributes.eps);
  const running = { running_mean: running_mean.data, running_var: running_var.data };
  const moved = batchNormRunning(running, made, shape, attributes.momentum);
  const { mean, rstd } = made;
  const expected = { mean, rstd, ...moved };
  const name = `[${shape}]${add ? `, near ${add}` : ''}`;
  const inputs = { x, running_mean, running_var };
  const dispatch = dispatchOf(batchNormStatistics, name, inputs, attributes, expected);
  return { ...dispatch, overrides: { WORKGROUP_SIZE: threads } };
}

const shared = {
  shader: batchNormStatistics.shader,
  tolerance: { absolute: 1e-5, relative: 1e-4 },
  shown: statistics([1, 2, 2, 3, 4]),
  hidden: [
    statistics([1, 2, 1, 3, 3], 4096),
    statistics([2, 3, 2, 5, 5], 0, 32),
    statistics([1, 1, 1, 1, 1]),
  ],
};

export function fused(channels: number, width: number): Dispatch {
  const x = tensor([channels, 2 * width], 3);
  const [mean, rstd, gamma, beta] = [4, 5, 6, 7].map((seed) => tensor([channels], seed));
  const y = Array.from({ length: channels * width }, (_, i) => {
    const c = Math.floor(i / width);
    const z = [2 * i, 2 * i + 1].map(
      (at) => gamma.data[c] * (x.data[at] - mean.data[c]) * rstd.data[c] + beta.data[c],
    );
    return Math.max(0, ...z);
  });
  return inWorkgroupsOf(4, channels * width, {
    name: `${channels} channels of ${2 * width}`,
    tensors: { x, mean, rstd, gamma, beta, y: { shape: [channels, width], dtype: 'f32' } },
    params: { length: channels * width, width },
    groups: [1, 1, 1],
    expected: { y },
  });
}

const lesson: Lesson = {
  exercises: [
    {
      ...shared,
      id: 'cancel',
      title: 'Large numbers, small differences',
      faults: [
        [
          `  if (thread < params.batch * quads) {
    shift = x[first + n * sample + 4u * quad];
  }
`,
          '',
        ],
      ],
      fails: ['value'],
      hints: [
        'The variance of numbers near 4096 is the difference of two numbers near sixteen million.',
        'Subtract something close to the mean first. Any of the numbers will do.',
      ],
    },
    {
      ...shared,
      id: 'merge',
      title: 'Merge two halves',
      faults: [
        [
          `      let difference = means[thread + half] - means[thread];
      means[thread] += difference * (b / both);
      deviations[thread] += deviations[thread + half] + difference * difference * (a * b / both);
      counts[thread] = a + b;
`,
          '      // Yours: count, mean and deviations of both together.\n      counts[thread] = both;\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'The mean of both lies between the two, nearer to the one that has more numbers.',
        'The deviations of both are those of each, and what comes from the distance of the means: d * d * a * b / (a + b).',
      ],
    },
    {
      id: 'fuse',
      title: 'Keep it in registers',
      shader: together,
      faults: [
        [
          `  let scale = gamma[c] * rstd[c];
  let middle = mean[c];
  let larger = max(scale * (x[2u * i] - middle), scale * (x[2u * i + 1u] - middle));
  y[i] = max(0.0, larger + beta[c]);
`,
          `  y[i] = gamma[c] * (x[2u * i] - mean[c]) * rstd[c] + beta[c];
  y[i] = max(y[i], gamma[c] * (x[2u * i + 1u] - mean[c]) * rstd[c] + beta[c]);
  y[i] = max(y[i], 0.0);
`,
        ],
      ],
      fails: ['cost'],
      tolerance: { absolute: 1e-5, relative: 1e-5 },
      most: { reads: 6 },
      shown: fused(2, 4),
      hidden: [fused(3, 1), fused(1, 7)],
      hints: [
        'Six numbers are needed: two of x, and one each of mean, rstd, gamma and beta. Read each once, into a `let`.',
        'Write y once, at the end. What comes before stays in `let`s.',
      ],
    },
  ],
};
export default lesson;
