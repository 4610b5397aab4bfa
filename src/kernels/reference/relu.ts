/** y = max(0, x). */
export function reluForward(x: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => Math.max(0, x[i]));
}

/** dx = dy where y > 0; 0 at y = 0, as in PyTorch. */
export function reluBackward(y: ArrayLike<number>, dy: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: y.length }, (_, i) => (y[i] > 0 ? dy[i] : 0));
}
