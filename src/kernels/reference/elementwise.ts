type Numbers = ArrayLike<number>;
type Shape = readonly number[];

/** y and dy/dx of each function, in f64. */
export const UNARY: Record<
  string,
  {
    f: (x: number, a: number, b: number) => number;
    slope: (x: number, a: number, b: number) => number;
  }
> = {
  neg: { f: (x) => -x, slope: () => -1 },
  abs: { f: Math.abs, slope: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0) },
  exp: { f: Math.exp, slope: Math.exp },
  log: { f: Math.log, slope: (x) => 1 / x },
  sqrt: { f: Math.sqrt, slope: (x) => 0.5 / Math.sqrt(x) },
  reciprocal: { f: (x) => 1 / x, slope: (x) => -1 / (x * x) },
  square: { f: (x) => x * x, slope: (x) => 2 * x },
  sigmoid: {
    f: (x) => 1 / (1 + Math.exp(-x)),
    slope: (x) => 1 / (1 + Math.exp(-x)) / (1 + Math.exp(x)),
  },
  tanh: { f: Math.tanh, slope: (x) => 1 / Math.cosh(x) ** 2 },
  relu: { f: (x) => Math.max(0, x), slope: (x) => (x <= 0 ? 0 : 1) },
  leaky_relu: { f: (x, a) => (x >= 0 ? x : a * x), slope: (x, a) => (x > 0 ? 1 : a) },
  elu: {
    f: (x, a) => (x >= 0 ? x : a * Math.expm1(x)),
    slope: (x, a) => (x > 0 ? 1 : a * Math.exp(x)),
  },
  clip: {
    f: (x, a, b) => Math.min(Math.max(x, a), b),
    slope: (x, a, b) => (x >= a && x <= b ? 1 : 0),
  },
  hard_sigmoid: {
    f: (x, a, b) => Math.min(Math.max(a * x + b, 0), 1),
    slope: (x, a, b) => (a * x + b > 0 && a * x + b < 1 ? a : 0),
  },
  softplus: {
    f: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    slope: (x) => 1 / (1 + Math.exp(-x)),
  },
  softsign: { f: (x) => x / (1 + Math.abs(x)), slope: (x) => 1 / (1 + Math.abs(x)) ** 2 },
  affine: { f: (x, a, b) => a * x + b, slope: (_, a) => a },
  ceil: { f: Math.ceil, slope: () => 0 },
  floor: { f: Math.floor, slope: () => 0 },
  sign: { f: Math.sign, slope: () => 0 },
  sin: { f: Math.sin, slope: Math.cos },
  cos: { f: Math.cos, slope: (x) => -Math.sin(x) },
  tan: { f: Math.tan, slope: (x) => 1 / Math.cos(x) ** 2 },
  erf: { f: erf, slope: (x) => 2 * density(x * Math.SQRT2) * Math.SQRT2 },
  gelu: { f: (x) => x * normal(x), slope: (x) => normal(x) + x * density(x) },
  silu: {
    f: (x) => x / (1 + Math.exp(-x)),
    slope: (x) => 1 / (1 + Math.exp(-x)) + x / (1 + Math.exp(-x)) / (1 + Math.exp(x)),
  },
  hard_swish: {
    f: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
    slope: (x) => (x < -3 ? 0 : x > 3 ? 1 : x / 3 + 0.5),
  },
  celu: {
    f: (x, a) => (x >= 0 ? x : a * Math.expm1(x / a)),
    slope: (x, a) => (x > 0 ? 1 : Math.exp(x / a)),
  },
};

/** The error function: its series, whose terms stay below exp(x^2); past 4 it is 1 to 1e-8. */
function erf(x: number): number {
  if (Math.abs(x) > 4) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** The normal distribution's integral up to x, and its density. */
const normal = (x: number) => (1 + erf(x / Math.SQRT2)) / 2;
const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** y and its derivatives by a and b. */
export const BINARY: Record<string, Record<'f' | 'da' | 'db', (a: number, b: number) => number>> = {
  add: { f: (a, b) => a + b, da: () => 1, db: () => 1 },
  sub: { f: (a, b) => a - b, da: () => 1, db: () => -1 },
  mul: { f: (a, b) => a * b, da: (_, b) => b, db: (a) => a },
  div: { f: (a, b) => a / b, da: (_, b) => 1 / b, db: (a, b) => -a / (b * b) },
  maximum: {
    f: Math.max,
    da: (a, b) => (a < b ? 0 : a === b ? 0.5 : 1),
    db: (a, b) => (b < a ? 0 : a === b ? 0.5 : 1),
  },
  minimum: {
    f: Math.min,
    da: (a, b) => (a > b ? 0 : a === b ? 0.5 : 1),
    db: (a, b) => (b > a ? 0 : a === b ? 0.5 : 1),
  },
  pow: {
    f: (a, b) => (a === 1 ? 1 : a ** b), // JavaScript's power of 1 by NaN is NaN
    da: (a, b) => (b === 0 ? 0 : b * a ** (b - 1)),
    db: (a, b) => (a === 0 && b >= 0 ? 0 : a ** b * Math.log(a)),
  },
  prelu: {
    f: (a, b) => (a >= 0 ? a : a * b),
    da: (a, b) => (a > 0 ? 1 : b),
    db: (a) => Math.min(a, 0),
  },
};

/** What gradients are made of. */
const SLOPES: Record<string, (a: number, b: number) => number> = {
  maximum_share: BINARY.maximum.da,
  minimum_share: BINARY.minimum.da,
  prelu_slope: BINARY.prelu.da,
  equal: (a, b) => (a === b ? 1 : 0),
  pow_slope_a: BINARY.pow.da,
  pow_slope_b: BINARY.pow.db,
};

export function unary(name: string, x: Numbers, alpha = 0, beta = 0): Float64Array {
  return Float64Array.from({ length: x.length }, (_, i) => UNARY[name].f(x[i], alpha, beta));
}

export function unaryBackward(
  name: string,
  x: Numbers,
  dy: Numbers,
  alpha = 0,
  beta = 0,
): Float64Array {
  return Float64Array.from(
    { length: x.length },
    (_, i) => dy[i] * UNARY[name].slope(x[i], alpha, beta),
  );
}

/** For every element of y its indices in a and b, which repeat along axes of one element. */
function pairs(a: Shape, b: Shape): { shape: number[]; at: [number, number][] } {
  const rank = Math.max(a.length, b.length);
  const filled = (shape: Shape) => [...new Array(rank - shape.length).fill(1), ...shape];
  const [p, q] = [filled(a), filled(b)];
  const shape = p.map((n, i) => (n === 1 ? q[i] : n));
  const length = shape.reduce((m, n) => m * n, 1);
  const at = Array.from({ length }, (_, i): [number, number] => {
    let [rest, ia, ib, sa, sb] = [i, 0, 0, 1, 1];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const index = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
      ia += (p[axis] === 1 ? 0 : index) * sa;
      ib += (q[axis] === 1 ? 0 : index) * sb;
      sa *= p[axis];
      sb *= q[axis];
    }
    return [ia, ib];
  });
  return { shape, at };
}

export function binary(name: string, a: Numbers, aShape: Shape, b: Numbers, bShape: Shape) {
  const { shape, at } = pairs(aShape, bShape);
  const f = BINARY[name]?.f ?? SLOPES[name];
  return { shape, y: Float64Array.from(at, ([i, j]) => f(a[i], b[j])) };
}

export function binaryBackward(
  name: string,
  a: Numbers,
  aShape: Shape,
  b: Numbers,
  bShape: Shape,
  dy: Numbers,
) {
  const da = new Float64Array(a.length);
  const db = new Float64Array(b.length);
  pairs(aShape, bShape).at.forEach(([i, j], k) => {
    da[i] += dy[k] * BINARY[name].da(a[i], b[j]);
    db[j] += dy[k] * BINARY[name].db(a[i], b[j]);
  });
  return { da, db };
}
