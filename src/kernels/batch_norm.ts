import backwardInputShader from '../../shaders/batch_norm/backward_input.wgsl';
import backwardReduceShader from '../../shaders/batch_norm/backward_reduce.wgsl';
import forwardShader from '../../shaders/batch_norm/forward.wgsl';
import inferenceShader from '../../shaders/batch_norm/inference.wgsl';
import statisticsShader from '../../shaders/batch_norm/statistics.wgsl';
import { FacegradError } from '../gpu/errors';
import {
  defineKernel,
  f32,
  layoutOf,
  planeStride,
  reducers,
  size,
  type Layout,
  type TensorSpec,
} from './kernel';

/** Elements that a workgroup covers: WORKGROUP_SIZE * ROUNDS of the elementwise shaders. */
const PER_WORKGROUP = 512;

interface WithLayout {
  /** Physical layout of the result; dense by default. */
  layout?: Layout;
}

function extents({ shape }: TensorSpec) {
  const [, batch, channels, height, width] = shape;
  return { batch, channels, height, width };
}

/** [G, C], what mean, rstd, gamma, beta, dgamma and dbeta are. The kernels read a dense x. */
function channelOf(x: TensorSpec): TensorSpec {
  if (x.shape.length !== 5 || x.layout) {
    throw new FacegradError('bad-input', 'batch_norm: x must be a dense [G, N, C, H, W]', {
      available: x,
    });
  }
  return f32([x.shape[0], x.shape[2]]);
}

/** Threads that add up a channel over the batch. */
function channelReducers({ shape }: TensorSpec): number {
  const [, N, , H, W] = shape;
  return reducers(N * H * W);
}

/** One row of workgroups for every channel. */
function byChannel({ shape }: TensorSpec, layout?: Layout): [number, number, number] {
  const [G, N, C] = shape;
  return [Math.ceil((N * planeStride(shape, layout)) / PER_WORKGROUP), G * C, 1];
}

/**
 * x [G, N, C, H, W] -> mean, rstd [G, C] of every channel over the batch, and running_mean,
 * running_var moved towards them in place.
 */
export const batchNormStatistics = defineKernel({
  name: 'batch_norm.statistics',
  shader: statisticsShader,
  outputs: ({ x }: Record<'x' | 'running_mean' | 'running_var', TensorSpec>) => {
    const channel = channelOf(x);
    return { mean: channel, rstd: channel, running_mean: channel, running_var: channel };
  },
  params: ({ x }, { eps, momentum }: { eps: number; momentum: number }) => ({
    batch: x.shape[1],
    channels: x.shape[2],
    plane: x.shape[3] * x.shape[4],
    eps,
    momentum,
  }),
  overrides: ({ x }) => ({ WORKGROUP_SIZE: channelReducers(x) }),
  workgroups: ({ x }) => [x.shape[0] * x.shape[2], 1, 1],
  flops: ({ x }) => 4 * size(x.shape),
});

/** y = gamma * (x - mean) * rstd + beta, of x's shape and the given layout. */
export const batchNormForward = defineKernel({
  name: 'batch_norm.forward',
  shader: forwardShader,
  outputs: (
    { x }: Record<'x' | 'mean' | 'rstd' | 'gamma' | 'beta', TensorSpec>,
    { layout }: WithLayout,
  ) => {
    channelOf(x);
    return { y: f32(x.shape, layout) };
  },
  params: ({ x }, { layout }) => {
    const { border, rowStride } = layoutOf({ ...x, layout });
    return { ...extents(x), y_border: border, y_row_stride: rowStride };
  },
  workgroups: ({ x }, { layout }) => byChannel(x, layout),
  flops: ({ x }) => 4 * size(x.shape),
});

/** The same by the running statistics. */
export const batchNormInference = defineKernel({
  name: 'batch_norm.inference',
  shader: inferenceShader,
  outputs: (
    { x }: Record<'x' | 'running_mean' | 'running_var' | 'gamma' | 'beta', TensorSpec>,
    { layout }: WithLayout & { eps: number },
  ) => {
    channelOf(x);
    return { y: f32(x.shape, layout) };
  },
  params: ({ x }, { layout, eps }) => {
    const { border, rowStride } = layoutOf({ ...x, layout });
    return { ...extents(x), y_border: border, y_row_stride: rowStride, eps };
  },
  workgroups: ({ x }, { layout }) => byChannel(x, layout),
  flops: ({ x }) => 4 * size(x.shape),
});

/** x, dy -> dgamma, dbeta [G, C]. */
export const batchNormBackwardReduce = defineKernel({
  name: 'batch_norm.backward_reduce',
  shader: backwardReduceShader,
  outputs: ({ x }: Record<'x' | 'dy' | 'mean' | 'rstd', TensorSpec>) => {
    const channel = channelOf(x);
    return { dgamma: channel, dbeta: channel };
  },
  params: ({ x, dy }) => {
    const { border, rowStride } = layoutOf(dy);
    return { ...extents(x), dy_border: border, dy_row_stride: rowStride };
  },
  overrides: ({ x }) => ({ WORKGROUP_SIZE: channelReducers(x) }),
  workgroups: ({ x }) => [x.shape[0] * x.shape[2], 1, 1],
  flops: ({ x }) => 4 * size(x.shape),
});

/** x, dy and their channel sums -> dx, of x's shape and the given layout. */
export const batchNormBackwardInput = defineKernel({
  name: 'batch_norm.backward_input',
  shader: backwardInputShader,
  outputs: (
    { x }: Record<'x' | 'dy' | 'mean' | 'rstd' | 'gamma' | 'dgamma' | 'dbeta', TensorSpec>,
    { layout }: WithLayout,
  ) => {
    channelOf(x);
    return { dx: f32(x.shape, layout) };
  },
  params: ({ x, dy }, { layout }) => {
    const from = layoutOf(dy);
    const to = layoutOf({ ...x, layout });
    return {
      ...extents(x),
      dy_border: from.border,
      dy_row_stride: from.rowStride,
      dx_border: to.border,
      dx_row_stride: to.rowStride,
    };
  },
  workgroups: ({ x }, { layout }) => byChannel(x, layout),
  flops: ({ x }) => 5 * size(x.shape),
});
