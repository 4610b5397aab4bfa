import {
  batchNormBackwardInput,
  batchNormBackwardReduce,
  batchNormForward,
  batchNormInference,
  batchNormStatistics,
} from '../../src/kernels/batch_norm';
import { bordered, f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

/** N, C, H of the blocks' convolution outputs, two streams: presets `small` and `paper`. */
const extents = [
  [64, 16, 48],
  [64, 32, 24],
  [64, 64, 12],
  [64, 96, 6],
  [64, 128, 3],
  [8, 32, 96],
  [8, 64, 48],
  [8, 128, 24],
  [8, 128, 12],
  [8, 256, 6],
];

export const cases: BenchCase[] = extents.flatMap(([N, C, H]): BenchCase[] => {
  const name = `2x${N}x${C}x${H}x${H}`;
  const x = f32([2, N, C, H, H]);
  const channel = f32([2, C]);
  const affine = { gamma: channel, beta: channel };
  const sums = { gamma: channel, dgamma: channel, dbeta: channel };
  const statistics = { mean: channel, rstd: channel };
  const running = { running_mean: channel, running_var: channel };
  return [
    {
      name,
      kernel: batchNormStatistics,
      inputs: { x, ...running },
      attributes: { eps: 1e-5, momentum: 0.1 },
    },
    { name, kernel: batchNormForward, inputs: { x, ...statistics, ...affine }, attributes: {} },
    {
      name,
      kernel: batchNormInference,
      inputs: { x, ...running, ...affine },
      attributes: { eps: 1e-5 },
    },
    { name, kernel: batchNormBackwardReduce, inputs: { x, dy: x, ...statistics } },
    {
      name,
      kernel: batchNormBackwardInput,
      inputs: { x, dy: x, ...statistics, ...sums },
      attributes: { layout: bordered(H) },
    },
  ];
});
