/** What the closed forms need of linear algebra, in f64; matrices are row by row. */

/** A matrix of `rows` x `columns`. */
export interface Matrix {
  rows: number;
  columns: number;
  data: Float64Array;
}

export const matrix = (rows: number, columns: number): Matrix => ({
  rows,
  columns,
  data: new Float64Array(rows * columns),
});

/** a b^T: rows times rows. */
export function timesTransposed(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.rows);
  const inner = a.columns;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      let sum = 0;
      for (let k = 0, p = i * inner, q = j * inner; k < inner; k++)
        sum += a.data[p++] * b.data[q++];
      result.data[i * b.rows + j] = sum;
    }
  }
  return result;
}

/** The lower triangle L of a positive definite a = L L^T. */
export function cholesky({ rows: n, data: a }: Matrix): Matrix {
  const result = matrix(n, n);
  const l = result.data;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      l[i * n + j] = i === j ? Math.sqrt(sum) : sum / l[j * n + j];
    }
  }
  return result;
}

/** Each row of b as the solution x of L x = b. */
export function forwardRows({ rows: n, data: l }: Matrix, b: Matrix): Matrix {
  const result = matrix(b.rows, n);
  for (let r = 0; r < b.rows; r++) {
    const x = result.data.subarray(r * n, (r + 1) * n);
    for (let i = 0; i < n; i++) {
      let sum = b.data[r * n + i];
      for (let k = 0; k < i; k++) sum -= l[i * n + k] * x[k];
      x[i] = sum / l[i * n + i];
    }
  }
  return result;
}

/** Each row of b as the solution x of L^T x = b. */
export function backwardRows({ rows: n, data: l }: Matrix, b: Matrix): Matrix {
  const result = matrix(b.rows, n);
  for (let r = 0; r < b.rows; r++) {
    const x = result.data.subarray(r * n, (r + 1) * n);
    for (let i = n - 1; i >= 0; i--) {
      let sum = b.data[r * n + i];
      for (let k = i + 1; k < n; k++) sum -= l[k * n + i] * x[k];
      x[i] = sum / l[i * n + i];
    }
  }
  return result;
}

/** Rows that span what those of `v` span, orthonormal: twice, as once is not exact enough. */
export function orthonormalRows(v: Matrix): Matrix {
  let rows = v;
  for (let pass = 0; pass < 2; pass++) {
    // V = L Q: every column of V solves L q = v.
    const l = cholesky(timesTransposed(rows, rows));
    rows = transposed(forwardRows(l, transposed(rows)));
  }
  return rows;
}

export function transposed({ rows, columns, data }: Matrix): Matrix {
  const result = matrix(columns, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result.data[j * rows + i] = data[i * columns + j];
  }
  return result;
}

/** Eigenvalues of a symmetric matrix, the largest first, and its eigenvectors as rows: Jacobi's rotations. */
export function eigen(symmetric: Matrix): { values: Float64Array; vectors: Matrix } {
  const n = symmetric.rows;
  const a = symmetric.data.slice();
  const v = matrix(n, n);
  for (let i = 0; i < n; i++) v.data[i * n + i] = 1;
  const rotate = (data: Float64Array, i: number, j: number, c: number, s: number) => {
    const [x, y] = [data[i], data[j]];
    data[i] = c * x - s * y;
    data[j] = s * x + c * y;
  };
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let all = 0;
    for (let i = 0; i < n * n; i++) {
      all += a[i] ** 2;
      if (i % (n + 1) !== 0) off += a[i] ** 2;
    }
    if (off <= 1e-26 * all) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q];
        if (apq === 0) continue;
        const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        for (let k = 0; k < n; k++) rotate(a, k * n + p, k * n + q, c, t * c);
        for (let k = 0; k < n; k++) rotate(a, p * n + k, q * n + k, c, t * c);
        for (let k = 0; k < n; k++) rotate(v.data, p * n + k, q * n + k, c, t * c);
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j] - a[i * n + i]);
  const vectors = matrix(n, n);
  order.forEach((from, to) => vectors.data.set(v.data.subarray(from * n, (from + 1) * n), to * n));
  return { values: Float64Array.from(order, (i) => a[i * n + i]), vectors };
}
