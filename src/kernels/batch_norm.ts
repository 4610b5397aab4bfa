import statisticsShader from '../../shaders/batch_norm/statistics.wgsl';
import { defineKernel, f32, size, type TensorSpec } from './kernel';

/**
 * x [G, N, C, H, W] -> mean, rstd [G, C] of every channel over the batch, and running_mean,
 * running_var moved towards them in place.
 */
export const batchNormStatistics = defineKernel({
  name: 'batch_norm.statistics',
  shader: statisticsShader,
  outputs: ({ x }: Record<'x' | 'running_mean' | 'running_var', TensorSpec>) => {
    const channel = f32([x.shape[0], x.shape[2]]);
    return { mean: channel, rstd: channel, running_mean: channel, running_var: channel };
  },
  params: ({ x }, { eps, momentum }: { eps: number; momentum: number }) => ({
    batch: x.shape[1],
    channels: x.shape[2],
    plane: x.shape[3] * x.shape[4],
    eps,
    momentum,
  }),
  workgroups: ({ x }) => [x.shape[0] * x.shape[2], 1, 1],
  flops: ({ x }) => 4 * size(x.shape),
});
