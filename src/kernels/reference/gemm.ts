type Numbers = ArrayLike<number>;

export interface Gemm {
  m: number;
  n: number;
  k: number;
  transA?: boolean;
  transB?: boolean;
  alpha: number;
  beta: number;
  /** Of c, which repeats along an axis of one element. */
  cShape: readonly [number, number];
}

const place = (row: number, column: number, rows: number, columns: number, transposed?: boolean) =>
  transposed ? column * rows + row : row * columns + column;

const inC = ([rows, columns]: readonly [number, number], i: number, j: number) =>
  (rows === 1 ? 0 : i) * columns + (columns === 1 ? 0 : j);

/** y [m, n] = alpha a' b' + beta c. */
export function gemm(a: Numbers, b: Numbers, c: Numbers | undefined, g: Gemm): Float64Array {
  const { m, n, k, transA, transB, alpha, beta, cShape } = g;
  return Float64Array.from({ length: m * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a[place(i, l, m, k, transA)] * b[place(l, j, k, n, transB)];
    return alpha * sum + (c && beta !== 0 ? beta * c[inC(cShape, i, j)] : 0);
  });
}

export function gemmBackward(a: Numbers, b: Numbers, dy: Numbers, g: Gemm) {
  const { m, n, k, transA, transB, alpha, beta, cShape } = g;
  const da = new Float64Array(m * k);
  const db = new Float64Array(k * n);
  const dc = new Float64Array(cShape[0] * cShape[1]);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const d = dy[i * n + j];
      for (let l = 0; l < k; l++) {
        const [ia, ib] = [place(i, l, m, k, transA), place(l, j, k, n, transB)];
        da[ia] += alpha * d * b[ib];
        db[ib] += alpha * d * a[ia];
      }
      dc[inC(cShape, i, j)] += beta * d;
    }
  }
  return { da, db, dc };
}
