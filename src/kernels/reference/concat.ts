/** x [G, N, F] -> [N, G * F]. */
export function concatForward(x: ArrayLike<number>, [G, N, F]: readonly number[]): Float64Array {
  const y = new Float64Array(G * N * F);
  for (let n = 0; n < N; n++) {
    for (let g = 0; g < G; g++) {
      for (let f = 0; f < F; f++) y[(n * G + g) * F + f] = x[(g * N + n) * F + f];
    }
  }
  return y;
}

/** dy [N, G * F] -> [G, N, F]. */
export function concatBackward(dy: ArrayLike<number>, [G, N, F]: readonly number[]): Float64Array {
  const dx = new Float64Array(G * N * F);
  for (let g = 0; g < G; g++) {
    for (let n = 0; n < N; n++) {
      for (let f = 0; f < F; f++) dx[(g * N + n) * F + f] = dy[(n * G + g) * F + f];
    }
  }
  return dx;
}
