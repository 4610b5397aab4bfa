import backwardInputShader from '../../shaders/bn_relu_pool/backward_input.wgsl';
import backwardReduceShader from '../../shaders/bn_relu_pool/backward_reduce.wgsl';
import forwardShader from '../../shaders/bn_relu_pool/forward.wgsl';
import inferenceShader from '../../shaders/bn_relu_pool/inference.wgsl';
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

/** Elements that a workgroup covers: WORKGROUP_SIZE * ROUNDS of the shaders. */
const PER_WORKGROUP = 512;

interface WithLayout {
  /** Physical layout of the result; dense by default. */
  layout?: Layout;
}

function pooled({ shape }: TensorSpec, layout?: Layout): TensorSpec {
  const [G, N, C, H, W] = shape;
  if (H < 2 || W < 2) {
    throw new FacegradError('bad-input', `bn_relu_pool: no 2x2 window fits into [${H}, ${W}]`);
  }
  return f32([G, N, C, Math.floor(H / 2), Math.floor(W / 2)], layout);
}

function forwardParams(x: TensorSpec, layout?: Layout) {
  const [, batch, channels, height, width] = x.shape;
  const y = layoutOf(pooled(x, layout));
  return { batch, channels, height, width, y_border: y.border, y_row_stride: y.rowStride };
}

function forwardWorkgroups(x: TensorSpec, layout?: Layout): [number, number, number] {
  const [G, N, C] = x.shape;
  const plane = planeStride(pooled(x).shape, layout);
  return [Math.max(1, Math.ceil((N * plane) / PER_WORKGROUP)), G * C, 1];
}

/** x [G, N, C, H, W] -> y [G, N, C, H/2, W/2] by the batch's statistics, and what the gradient needs. */
export const bnReluPoolForward = defineKernel({
  name: 'bn_relu_pool.forward',
  shader: forwardShader,
  outputs: (
    { x }: Record<'x' | 'mean' | 'rstd' | 'gamma' | 'beta', TensorSpec>,
    { layout }: WithLayout,
  ) => ({ y: pooled(x, layout), winner: pooled(x) }),
  params: ({ x }, { layout }) => forwardParams(x, layout),
  workgroups: ({ x }, { layout }) => forwardWorkgroups(x, layout),
  flops: ({ x }) => 2 * size(x.shape),
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
  workgroups: ({ x }, { layout }) => forwardWorkgroups(x, layout),
  flops: ({ x }) => 2 * size(x.shape),
});

/** winner, dy [G, N, C, H/2, W/2] -> dgamma, dbeta [G, C] and dz, the gradient behind the ReLU. */
export const bnReluPoolBackwardReduce = defineKernel({
  name: 'bn_relu_pool.backward_reduce',
  shader: backwardReduceShader,
  outputs: ({ winner }: Record<'winner' | 'dy', TensorSpec>) => {
    const channel = f32([winner.shape[0], winner.shape[2]]);
    return { dgamma: channel, dbeta: channel, dz: winner };
  },
  params: ({ winner, dy }) => {
    const [, batch, channels, height, width] = winner.shape;
    const { border, rowStride } = layoutOf(dy);
    return { batch, channels, height, width, dy_border: border, dy_row_stride: rowStride };
  },
  overrides: ({ winner: { shape } }) => ({
    WORKGROUP_SIZE: reducers(shape[1] * shape[3] * shape[4]),
  }),
  workgroups: ({ winner }) => [winner.shape[0] * winner.shape[2], 1, 1],
  flops: ({ winner }) => 3 * size(winner.shape),
});

/** x and the pooled gradient dz -> dx, of x's shape and the given layout. */
export const bnReluPoolBackwardInput = defineKernel({
  name: 'bn_relu_pool.backward_input',
  shader: backwardInputShader,
  outputs: (
    { x }: Record<'x' | 'dz' | 'mean' | 'rstd' | 'gamma' | 'dgamma' | 'dbeta', TensorSpec>,
    { layout }: WithLayout,
  ) => {
    if (layout && layout.border % 2 !== 0) {
      throw new FacegradError('bad-input', 'bn_relu_pool: the border of dx must be even', {
        wanted: layout.border,
      });
    }
    return { dx: f32(x.shape, layout) };
  },
  params: ({ x }, { layout }) => {
    const [, batch, channels, height, width] = x.shape;
    const { border, rowStride } = layoutOf({ ...x, layout });
    return { batch, channels, height, width, dx_border: border, dx_row_stride: rowStride };
  },
  workgroups: ({ x }, { layout }) => {
    const [G, N, C, H] = x.shape;
    const { border, rowStride } = layoutOf({ ...x, layout });
    const blocks = Math.ceil((H + 2 * border) / 2) * Math.ceil(rowStride / 2);
    return [Math.ceil((N * blocks) / PER_WORKGROUP), G * C, 1];
  },
  flops: ({ x }) => 5 * size(x.shape),
});
