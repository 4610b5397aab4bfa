/** y = softmax(x) over the last axis. K: its length. */
export function softmaxForward(x: ArrayLike<number>, K: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let n = 0; n < x.length / K; n++) {
    let largest = -Infinity;
    for (let j = 0; j < K; j++) largest = Math.max(largest, x[n * K + j]);
    let total = 0;
    for (let j = 0; j < K; j++) total += Math.exp(x[n * K + j] - largest);
    for (let j = 0; j < K; j++) y[n * K + j] = Math.exp(x[n * K + j] - largest) / total;
  }
  return y;
}

/** dx = y (dy - sum(y dy)). */
export function softmaxBackward(
  y: ArrayLike<number>,
  dy: ArrayLike<number>,
  K: number,
): Float64Array {
  const dx = new Float64Array(y.length);
  for (let n = 0; n < y.length / K; n++) {
    let sum = 0;
    for (let j = 0; j < K; j++) sum += y[n * K + j] * dy[n * K + j];
    for (let j = 0; j < K; j++) dx[n * K + j] = y[n * K + j] * (dy[n * K + j] - sum);
  }
  return dx;
}
