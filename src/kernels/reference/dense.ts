/** G groups of N rows, K features in, M out. */
export interface DenseExtents {
  G: number;
  N: number;
  K: number;
  M: number;
}

/** y[g, n, m] = bias[g, m] + sum over k of x[g, n, k] weight[g, m, k], or max(0, that). */
export function denseForward(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
  { G, N, K, M }: DenseExtents,
  relu = false,
): Float64Array {
  const y = new Float64Array(G * N * M);
  for (let g = 0; g < G; g++) {
    for (let n = 0; n < N; n++) {
      for (let m = 0; m < M; m++) {
        let sum = bias[g * M + m];
        for (let k = 0; k < K; k++) sum += x[(g * N + n) * K + k] * weight[(g * M + m) * K + k];
        y[(g * N + n) * M + m] = relu ? Math.max(0, sum) : sum;
      }
    }
  }
  return y;
}

/** Gradients of the plain sum (no ReLU). */
export function denseBackward(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  dy: ArrayLike<number>,
  { G, N, K, M }: DenseExtents,
): { dx: Float64Array; dweight: Float64Array; dbias: Float64Array } {
  const dx = new Float64Array(G * N * K);
  const dweight = new Float64Array(G * M * K);
  const dbias = new Float64Array(G * M);
  for (let g = 0; g < G; g++) {
    for (let n = 0; n < N; n++) {
      for (let m = 0; m < M; m++) {
        const d = dy[(g * N + n) * M + m];
        dbias[g * M + m] += d;
        for (let k = 0; k < K; k++) {
          dx[(g * N + n) * K + k] += d * weight[(g * M + m) * K + k];
          dweight[(g * M + m) * K + k] += d * x[(g * N + n) * K + k];
        }
      }
    }
  }
  return { dx, dweight, dbias };
}

/** [G, N, M] -> [N, G, M], the groups' features of a sample side by side; with G and N exchanged the way back. */
export function sideBySide(y: ArrayLike<number>, [G, N, M]: readonly number[]): Float64Array {
  return Float64Array.from({ length: G * N * M }, (_, i) => {
    const [n, g, m] = [Math.floor(i / M / G), Math.floor(i / M) % G, i % M];
    return y[(g * N + n) * M + m];
  });
}
