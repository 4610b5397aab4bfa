type Numbers = ArrayLike<number>;

export interface CdistSizes {
  batch: number;
  rows: number; // N
  columns: number; // M
  features: number; // K
  squared: boolean;
  epsilon: number;
}

export function cdist(a: Numbers, b: Numbers, s: CdistSizes): Float64Array {
  const y = new Float64Array(s.batch * s.rows * s.columns);
  for (let i = 0; i < y.length; i++) {
    const m = i % s.columns;
    const row = Math.floor(i / s.columns);
    const other = Math.floor(row / s.rows) * s.columns + m;
    let sum = 0;
    for (let k = 0; k < s.features; k++) {
      sum += (a[row * s.features + k] - b[other * s.features + k] + s.epsilon) ** 2;
    }
    y[i] = s.squared ? sum : Math.sqrt(sum);
  }
  return y;
}

/** The gradients of both; a distance of 0 has none. */
export function cdistGradient(a: Numbers, b: Numbers, dy: Numbers, s: CdistSizes) {
  const y = cdist(a, b, s);
  const da = new Float64Array(a.length);
  const db = new Float64Array(b.length);
  for (let i = 0; i < y.length; i++) {
    const row = Math.floor(i / s.columns);
    const other = Math.floor(row / s.rows) * s.columns + (i % s.columns);
    const slope = s.squared ? 2 : y[i] === 0 ? 0 : 1 / y[i];
    for (let k = 0; k < s.features; k++) {
      const difference = a[row * s.features + k] - b[other * s.features + k] + s.epsilon;
      da[row * s.features + k] += dy[i] * slope * difference;
      db[other * s.features + k] -= dy[i] * slope * difference;
    }
  }
  return { a: da, b: db };
}
