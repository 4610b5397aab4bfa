type Numbers = ArrayLike<number>;

export interface NormalizeSizes {
  outer: number;
  features: number;
  inner: number;
  epsilon: number;
}

/** x [outer, features, inner] over the norms along the middle axis. */
export function normalize(x: Numbers, s: NormalizeSizes) {
  const y = new Float64Array(x.length);
  const norm = new Float64Array(s.outer * s.inner);
  for (let row = 0; row < norm.length; row++) {
    const at = (k: number) =>
      (Math.floor(row / s.inner) * s.features + k) * s.inner + (row % s.inner);
    let sum = 0;
    for (let k = 0; k < s.features; k++) sum += x[at(k)] ** 2;
    norm[row] = Math.sqrt(sum);
    for (let k = 0; k < s.features; k++) y[at(k)] = x[at(k)] / Math.max(norm[row], s.epsilon);
  }
  return { y, norm };
}

export function normalizeGradient(x: Numbers, dy: Numbers, s: NormalizeSizes): Float64Array {
  const { y, norm } = normalize(x, s);
  const dx = new Float64Array(x.length);
  for (let row = 0; row < norm.length; row++) {
    const at = (k: number) =>
      (Math.floor(row / s.inner) * s.features + k) * s.inner + (row % s.inner);
    let along = 0;
    if (norm[row] > s.epsilon) {
      for (let k = 0; k < s.features; k++) along += y[at(k)] * dy[at(k)];
    }
    for (let k = 0; k < s.features; k++) {
      dx[at(k)] = (dy[at(k)] - y[at(k)] * along) / Math.max(norm[row], s.epsilon);
    }
  }
  return dx;
}
