/** [G, N, C, H, W]; the last two may be 1. */
type Shape = readonly number[];
type Numbers = ArrayLike<number>;

/** Calls `visit` for every element with its channel (of G * C). */
function forEach(shape: Shape, visit: (i: number, channel: number) => void): void {
  const [G, N, C, H, W] = shape;
  let i = 0;
  for (let g = 0; g < G; g++) {
    for (let n = 0; n < N; n++) {
      for (let c = 0; c < C; c++) {
        for (let p = 0; p < H * W; p++) visit(i++, g * C + c);
      }
    }
  }
}

/** Mean, biased variance and 1 / sqrt(variance + eps) of every channel, [G, C]. */
export function batchNormStatistics(x: Numbers, shape: Shape, eps: number) {
  const [G, N, C, H, W] = shape;
  const M = N * H * W;
  const mean = new Float64Array(G * C);
  const variance = new Float64Array(G * C);
  forEach(shape, (i, channel) => (mean[channel] += x[i] / M));
  forEach(shape, (i, channel) => (variance[channel] += (x[i] - mean[channel]) ** 2 / M));
  return { mean, variance, rstd: variance.map((v) => 1 / Math.sqrt(v + eps)) };
}

/** running += momentum * (value - running); the variance is made unbiased first. */
export function batchNormRunning(
  running: { running_mean: Numbers; running_var: Numbers },
  statistics: { mean: Numbers; variance: Numbers },
  shape: Shape,
  momentum: number,
) {
  const [, N, , H, W] = shape;
  const M = N * H * W;
  const unbiased = Float64Array.from(statistics.variance, (v) => (v * M) / Math.max(M - 1, 1));
  const mix = (old: Numbers, value: Numbers) =>
    Float64Array.from(old, (o, i) => o + momentum * (value[i] - o));
  return {
    running_mean: mix(running.running_mean, statistics.mean),
    running_var: mix(running.running_var, unbiased),
  };
}

/** y = gamma * (x - mean) * rstd + beta. */
export function batchNormForward(
  x: Numbers,
  shape: Shape,
  { mean, rstd, gamma, beta }: Record<'mean' | 'rstd' | 'gamma' | 'beta', Numbers>,
): Float64Array {
  const y = new Float64Array(x.length);
  forEach(shape, (i, channel) => {
    y[i] = gamma[channel] * ((x[i] - mean[channel]) * rstd[channel]) + beta[channel];
  });
  return y;
}

/** dgamma = sum(dy * xhat), dbeta = sum(dy). */
export function batchNormBackwardReduce(
  x: Numbers,
  shape: Shape,
  { mean, rstd, dy }: Record<'mean' | 'rstd' | 'dy', Numbers>,
) {
  const dgamma = new Float64Array(mean.length);
  const dbeta = new Float64Array(mean.length);
  forEach(shape, (i, channel) => {
    dgamma[channel] += dy[i] * (x[i] - mean[channel]) * rstd[channel];
    dbeta[channel] += dy[i];
  });
  return { dgamma, dbeta };
}

/** dx = gamma * rstd * (dy - dbeta / M - xhat * dgamma / M). */
export function batchNormBackwardInput(
  x: Numbers,
  shape: Shape,
  {
    mean,
    rstd,
    gamma,
    dgamma,
    dbeta,
    dy,
  }: Record<'mean' | 'rstd' | 'gamma' | 'dgamma' | 'dbeta' | 'dy', Numbers>,
): Float64Array {
  const [, N, , H, W] = shape;
  const M = N * H * W;
  const dx = new Float64Array(x.length);
  forEach(shape, (i, channel) => {
    const xhat = (x[i] - mean[channel]) * rstd[channel];
    dx[i] =
      gamma[channel] * rstd[channel] * (dy[i] - dbeta[channel] / M - (xhat * dgamma[channel]) / M);
  });
  return dx;
}
