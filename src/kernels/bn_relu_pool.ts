import backwardShader from '../../shaders/bn_relu_pool/backward.wgsl';
import forwardShader from '../../shaders/bn_relu_pool/forward.wgsl';
import inferenceShader from '../../shaders/bn_relu_pool/inference.wgsl';
import { FacegradError } from '../gpu/errors';
import {
  defineKernel,
  f32,
  layoutOf,
  planeStride,
  powerOfTwo,
  reducers,
  size,
  type Gathered,
  type Layout,
  type TensorSpec,
} from './kernel';

/** Elements that a thread of the inference writes: ROUNDS of the shader. */
const ROUNDS = 8;

interface WithLayout {
  /** Physical layout of the result; dense by default. */
  layout?: Layout;
}

function pooled({ shape }: TensorSpec, layout?: Layout): TensorSpec {
  const [G, N, C, H, W] = shape;
  if (H < 2 || W < 2) {
    throw new FacegradError('bad-input', `bn_relu_pool: a 2x2 window does not fit in [${H}, ${W}]`);
  }
  return f32([G, N, C, Math.floor(H / 2), Math.floor(W / 2)], layout);
}

function forwardParams(x: TensorSpec, layout?: Layout) {
  const [, batch, channels, height, width] = x.shape;
  const y = layoutOf(pooled(x, layout));
  return { batch, channels, height, width, y_border: y.border, y_row_stride: y.rowStride };
}

/** Elements of one channel's planes of y, and how many threads share them: on the smallest maps there are few. */
function inferenceThreads(x: TensorSpec, layout?: Layout) {
  const elements = x.shape[1] * planeStride(pooled(x).shape, layout);
  return { elements, threads: Math.min(64, Math.max(4, powerOfTwo(elements))) };
}

const channelOf = ({ shape }: TensorSpec) => f32([shape[0], shape[2]]);

/** Threads of the workgroup that goes over one channel of x. */
function channelThreads({ shape }: TensorSpec, { threads }: Gathered) {
  const [, N, , H, W] = shape;
  return { WORKGROUP_SIZE: threads ?? reducers(N * H * W) };
}

/**
 * x [G, N, C, H, W] -> y [G, N, C, H/2, W/2] by the batch's statistics; running_mean and running_var are moved
 * towards these in place. `winner` and `moments` (mean and rstd, [G, C, 2]) are what the gradient needs.
 */
export const bnReluPoolForward = defineKernel({
  name: 'bn_relu_pool.forward',
  shader: forwardShader,
  outputs: (
    { x }: Record<'x' | 'gamma' | 'beta' | 'running_mean' | 'running_var', TensorSpec>,
    { layout }: WithLayout & Gathered & { eps: number; momentum: number },
  ) => ({
    y: pooled(x, layout),
    winner: pooled(x),
    moments: f32([x.shape[0], x.shape[2], 2]),
    running_mean: channelOf(x),
    running_var: channelOf(x),
  }),
  params: ({ x }, { layout, eps, momentum }) => ({ ...forwardParams(x, layout), eps, momentum }),
  overrides: ({ x }, attributes) => channelThreads(x, attributes),
  workgroups: ({ x }) => [x.shape[0] * x.shape[2], 1, 1],
  flops: ({ x }) => 6 * size(x.shape),
});

/** x [G, N, C, H, W] -> y [G, N, C, H/2, W/2] by the running statistics. */
export const bnReluPoolInference = defineKernel({
  name: 'bn_relu_pool.inference',
  shader: inferenceShader,
  outputs: (
    { x }: Record<'x' | 'running_mean' | 'running_var' | 'gamma' | 'beta', TensorSpec>,
    { layout }: WithLayout & { eps: number },
  ) => ({ y: pooled(x, layout) }),
  params: ({ x }, { layout, eps }) => ({ ...forwardParams(x, layout), eps }),
  overrides: ({ x }, { layout }) => ({
    WORKGROUP_SIZE: inferenceThreads(x, layout).threads,
    ROUNDS,
  }),
  workgroups: ({ x }, { layout }) => {
    const { elements, threads } = inferenceThreads(x, layout);
    return [Math.max(1, Math.ceil(elements / (threads * ROUNDS))), x.shape[0] * x.shape[2], 1];
  },
  flops: ({ x }) => 2 * size(x.shape),
});

/** x, what forward kept, and dy -> dgamma, dbeta [G, C], and dx of x's shape and the given layout. */
export const bnReluPoolBackward = defineKernel({
  name: 'bn_relu_pool.backward',
  shader: backwardShader,
  outputs: (
    { x }: Record<'x' | 'winner' | 'dy' | 'moments' | 'gamma', TensorSpec>,
    { layout }: WithLayout & Gathered,
  ) => ({ dgamma: channelOf(x), dbeta: channelOf(x), dx: f32(x.shape, layout) }),
  params: ({ x, dy }, { layout }) => {
    const [, batch, channels, height, width] = x.shape;
    const given = layoutOf(dy);
    const made = layoutOf({ ...x, layout });
    return {
      batch,
      channels,
      height,
      width,
      dy_border: given.border,
      dy_row_stride: given.rowStride,
      dx_border: made.border,
      dx_row_stride: made.rowStride,
    };
  },
  overrides: ({ x }, attributes) => channelThreads(x, attributes),
  workgroups: ({ x }) => [x.shape[0] * x.shape[2], 1, 1],
  flops: ({ x }) => 6 * size(x.shape),
});
