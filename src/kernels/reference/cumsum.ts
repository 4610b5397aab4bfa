/** Running sums of x [outer, extent, inner] along its second axis. */
export function cumsum(
  x: ArrayLike<number>,
  { extent, inner, reverse = false }: { extent: number; inner: number; reverse?: boolean },
): Float64Array {
  const y = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const k = Math.floor(i / inner) % extent;
    const [first, last] = reverse ? [k, extent - 1] : [0, k];
    for (let j = first; j <= last; j++) y[i] += x[i + (j - k) * inner];
  }
  return y;
}
