type Numbers = ArrayLike<number>;

export interface LocalResponse {
  /** x as [N, C, D]. */
  shape: readonly [number, number, number];
  size: number;
  alpha: number;
  beta: number;
  k: number;
}

/** k + alpha / size times the sum of x^2 over neighbouring channels, for every element. */
function bases(x: Numbers, { shape: [, C, D], size, alpha, k }: LocalResponse): Float64Array {
  return Float64Array.from({ length: x.length }, (_, at) => {
    const c = Math.floor(at / D) % C;
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const other = c + i - Math.floor(size / 2);
      if (other >= 0 && other < C) sum += x[at + (other - c) * D] ** 2;
    }
    return k + (alpha * sum) / size;
  });
}

export function localResponseNorm(x: Numbers, o: LocalResponse): Float64Array {
  return bases(x, o).map((base, at) => x[at] / base ** o.beta);
}

/** y_c = x_c b_c^-beta, b_c = k + alpha / size sum of x_j^2: dx_j = dy_j b_j^-beta - 2 alpha beta / size x_j sum of dy_c x_c b_c^(-beta-1). */
export function localResponseNormBackward(x: Numbers, dy: Numbers, o: LocalResponse): Float64Array {
  const { shape, size, alpha, beta } = o;
  const [, C, D] = shape;
  const base = bases(x, o);
  const dx = base.map((b, at) => dy[at] / b ** beta);
  for (let at = 0; at < x.length; at++) {
    const c = Math.floor(at / D) % C;
    for (let i = 0; i < size; i++) {
      const other = c + i - Math.floor(size / 2);
      if (other < 0 || other >= C) continue;
      const to = at + (other - c) * D;
      dx[to] -= ((2 * alpha * beta) / size) * x[to] * dy[at] * x[at] * base[at] ** (-beta - 1);
    }
  }
  return dx;
}
