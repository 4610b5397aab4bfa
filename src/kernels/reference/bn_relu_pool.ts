import {
  batchNormBackwardInput,
  batchNormBackwardReduce,
  batchNormForward,
  batchNormStatistics,
} from './batch_norm';
import { maxPoolBackward, maxPoolForward } from './max_pool';
import { reluBackward, reluForward } from './relu';

type Shape = readonly number[];
type Numbers = ArrayLike<number>;

const POOL = { window: 2, stride: 2, padding: 0 };
/** Marks in `winner` a window that ReLU shuts (as in the shaders). */
export const NONE = Math.fround(-3.4e38);

function pooled(shape: Shape): number[] {
  return [...shape.slice(0, -2), ...shape.slice(-2).map((extent) => Math.floor(extent / 2))];
}

/**
 * y = maxpool2x2(relu(batchnorm(x))). The window's winner is taken before ReLU: behind it, all shut
 * elements tie at 0, and their gradient is 0 wherever it goes.
 */
export function bnReluPoolForward(
  x: Numbers,
  shape: Shape,
  channel: Record<'mean' | 'rstd' | 'gamma' | 'beta', Numbers>,
) {
  const z = maxPoolForward(batchNormForward(x, shape, channel), shape, POOL);
  const one = channel.gamma.length;
  const xhat = batchNormForward(x, shape, {
    ...channel,
    gamma: new Float64Array(one).fill(1),
    beta: new Float64Array(one),
  });
  const [H, W] = shape.slice(-2);
  const plane = Math.floor(H / 2) * Math.floor(W / 2);
  const winner = z.y.map((value, i) =>
    value > 0 ? xhat[Math.floor(i / plane) * H * W + z.indices[i]] : value <= 0 ? NONE : NaN,
  );
  return { y: reluForward(z.y), winner, indices: z.indices };
}

/** dz = dy where ReLU is open; dgamma = sum(dz * winner); dbeta = sum(dz). */
export function bnReluPoolBackwardReduce(winner: Numbers, dy: Numbers, shape: Shape) {
  const open = Float64Array.from(winner, (value) => (value !== NONE ? 1 : 0));
  const dz = reluBackward(open, dy);
  const channels = shape[0] * shape[2];
  const xhat = Float64Array.from(winner, (value, i) => (open[i] ? value : 0));
  const sums = batchNormBackwardReduce(xhat, shape, {
    mean: new Float64Array(channels),
    rstd: new Float64Array(channels).fill(1),
    dy: dz,
  });
  return { ...sums, dz };
}

/** dx of batch norm, with dz put where the window's winner was. */
export function bnReluPoolBackwardInput(
  x: Numbers,
  shape: Shape,
  { dz, ...channel }: Record<'dz' | 'mean' | 'rstd' | 'gamma' | 'dgamma' | 'dbeta', Numbers>,
): Float64Array {
  const beta = new Float64Array(channel.gamma.length); // moves all values of a window alike
  const { indices } = bnReluPoolForward(x, shape, { ...channel, beta });
  const dy = maxPoolBackward(dz, indices, shape, pooled(shape));
  return batchNormBackwardInput(x, shape, { ...channel, dy });
}

/** All of it in training: statistics of x, forward, and the gradient for dy. */
export function bnReluPoolTraining(
  x: Numbers,
  shape: Shape,
  { gamma, beta, eps }: { gamma: Numbers; beta: Numbers; eps: number },
  dy?: Numbers,
) {
  const { mean, variance, rstd } = batchNormStatistics(x, shape, eps);
  const { y, winner } = bnReluPoolForward(x, shape, { mean, rstd, gamma, beta });
  const { dz, dgamma, dbeta } = bnReluPoolBackwardReduce(
    winner,
    dy ?? new Float64Array(y.length),
    pooled(shape),
  );
  const dx = bnReluPoolBackwardInput(x, shape, { dz, mean, rstd, gamma, dgamma, dbeta });
  return { y, winner, mean, variance, rstd, dx, dgamma, dbeta };
}
