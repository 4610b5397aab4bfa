/** y = max(0, x). */
export function reluForward(x: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => Math.max(0, x[i]));
}

/** dx = dy, 0 from y = 0 down, as in PyTorch. */
export function reluBackward(y: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: y.length }, (_, i) => (y[i] <= 0 ? 0 : dy[i]));
}
