type Numbers = ArrayLike<number>;
export type Reduction = 'sum' | 'mean' | 'l1' | 'sum_square' | 'l2' | 'product';

/** x as [outer, terms, inner]. */
export interface Extents {
  outer: number;
  terms: number;
  inner: number;
}

/** One list of terms for each (outer, inner). */
function lists(x: Numbers, { outer, terms, inner }: Extents): number[][] {
  return Array.from({ length: outer * inner }, (_, at) => {
    const [o, i] = [Math.floor(at / inner), at % inner];
    return Array.from({ length: terms }, (_, k) => x[(o * terms + k) * inner + i]);
  });
}

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

const REDUCE: Record<Reduction, (values: number[]) => number> = {
  sum,
  mean: (values) => sum(values) / values.length,
  l1: (values) => sum(values.map(Math.abs)),
  sum_square: (values) => sum(values.map((v) => v * v)),
  l2: (values) => Math.sqrt(sum(values.map((v) => v * v))),
  product: (values) => values.reduce((a, b) => a * b, 1),
};

/** y [outer, inner] of x [outer, terms, inner]. */
export function reduceForward(x: Numbers, extents: Extents, reduction: Reduction): Float64Array {
  return Float64Array.from(lists(x, extents), REDUCE[reduction]);
}

/** dx [outer, terms, inner]. */
export function reduceBackward(
  x: Numbers,
  dy: Numbers,
  extents: Extents,
  reduction: Reduction,
): Float64Array {
  const { terms, inner } = extents;
  const y = reduceForward(x, extents, reduction);
  const all = lists(x, extents);
  return Float64Array.from({ length: x.length }, (_, at) => {
    const k = Math.floor(at / inner) % terms;
    const to = Math.floor(at / (terms * inner)) * inner + (at % inner);
    const slope = {
      sum: () => 1,
      mean: () => 1 / terms,
      l1: () => (x[at] > 0 ? 1 : x[at] < 0 ? -1 : 0),
      sum_square: () => 2 * x[at],
      l2: () => (y[to] === 0 ? 0 : x[at] / y[to]),
      product: () => REDUCE.product(all[to].filter((_, other) => other !== k)),
    }[reduction]();
    return dy[to] * slope;
  });
}

/** The largest (smallest) terms and their indices; NaN wins, of equal ones the first or the last. */
export function reduceExtreme(
  x: Numbers,
  extents: Extents,
  { smallest = false, last = false } = {},
) {
  const all = lists(x, extents);
  const indices = Uint32Array.from(all, (values) => {
    const nan = values.findIndex(Number.isNaN);
    if (nan >= 0) return nan;
    const best = smallest ? Math.min(...values) : Math.max(...values);
    return last ? values.lastIndexOf(best) : values.indexOf(best);
  });
  return { y: Float64Array.from(all, (values, at) => values[indices[at]]), indices };
}

/** dx: dy, in equal shares to the terms that are the largest (smallest); 0 to the others. */
export function extremeGradient(
  x: Numbers,
  dy: Numbers,
  extents: Extents,
  { smallest = false } = {},
): Float64Array {
  const { terms, inner } = extents;
  const { y } = reduceExtreme(x, extents, { smallest });
  const ties = lists(x, extents).map((values, at) => values.filter((v) => v === y[at]).length);
  return Float64Array.from({ length: x.length }, (_, at) => {
    const to = Math.floor(at / (terms * inner)) * inner + (at % inner);
    return x[at] === y[to] ? dy[to] / ties[to] : 0;
  });
}

/** log of the sum of the terms, or of their exp. */
export function logarithm(x: Numbers, extents: Extents, exponential: boolean): Float64Array {
  return Float64Array.from(lists(x, extents), (values) => {
    if (!exponential) return Math.log(sum(values));
    const most = Math.max(...values);
    return most + Math.log(sum(values.map((v) => Math.exp(v - most))));
  });
}

/** dx: dy / sum, or dy exp(x - y). */
export function logarithmGradient(
  x: Numbers,
  dy: Numbers,
  extents: Extents,
  exponential: boolean,
): Float64Array {
  const { terms, inner } = extents;
  const y = logarithm(x, extents, exponential);
  return Float64Array.from({ length: x.length }, (_, at) => {
    const to = Math.floor(at / (terms * inner)) * inner + (at % inner);
    return dy[to] * (exponential ? Math.exp(x[at] - y[to]) : Math.exp(-y[to]));
  });
}
