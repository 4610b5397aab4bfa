/** y = log(softmax(x)) over the last axis. K: its length. */
export function logSoftmaxForward(x: ArrayLike<number>, K: number): Float64Array {
  const y = new Float64Array(x.length);
  for (let n = 0; n < x.length / K; n++) {
    let largest = -Infinity;
    for (let j = 0; j < K; j++) largest = Math.max(largest, x[n * K + j]);
    let total = 0;
    for (let j = 0; j < K; j++) total += Math.exp(x[n * K + j] - largest);
    for (let j = 0; j < K; j++) y[n * K + j] = x[n * K + j] - largest - Math.log(total);
  }
  return y;
}

/** dx = dy - exp(y) sum(dy). */
export function logSoftmaxBackward(
  y: ArrayLike<number>,
  dy: ArrayLike<number>,
  K: number,
): Float64Array {
  const dx = new Float64Array(y.length);
  for (let n = 0; n < y.length / K; n++) {
    let sum = 0;
    for (let j = 0; j < K; j++) sum += dy[n * K + j];
    for (let j = 0; j < K; j++) dx[n * K + j] = dy[n * K + j] - Math.exp(y[n * K + j]) * sum;
  }
  return dx;
}
