/** What tells a difference between two systems from chance. */

export function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}

/** Standard deviation of a sample, with n - 1; of a single value NaN. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / (values.length - 1));
}

/** Wilson's interval of a share, with 95 % confidence. */
export function wilson(hits: number, count: number): [low: number, high: number] {
  const z = 1.959963984540054;
  const share = hits / count;
  const scale = 1 + z ** 2 / count;
  const centre = (share + z ** 2 / (2 * count)) / scale;
  const half = (z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2))) / scale;
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Two systems on the same images. */
export interface McNemar {
  /** Images that the first alone has right. */
  b: number;
  /** Images that the second alone has right. */
  c: number;
  /** Two-sided. */
  p: number;
}

/** McNemar's test: exact below 25 images on which the two differ, else chi-square with continuity correction. */
export function mcnemar(b: number, c: number): McNemar {
  const n = b + c;
  const excess = Math.max(0, Math.abs(b - c) - 1); // equal counts: nothing to correct
  if (n >= 25) return { b, c, p: erfc(excess / Math.sqrt(2 * n)) };
  let ways = 1;
  let sum = 0;
  for (let i = 0; i <= Math.min(b, c); i++) {
    sum += ways;
    ways = (ways * (n - i)) / (i + 1);
  }
  return { b, c, p: Math.min(1, (2 * sum) / 2 ** n) };
}

/** McNemar's test of predictions, image by image. */
export function compare(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number>,
): McNemar {
  const right = (of: ArrayLike<number>, i: number) => of[i] === labels[i];
  const images = Array.from(labels, (_, i) => i);
  return mcnemar(
    images.filter((i) => right(first, i) && !right(second, i)).length,
    images.filter((i) => right(second, i) && !right(first, i)).length,
  );
}

/** p-values of several comparisons after Holm's correction, in their order. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((i, j) => ps[i] - ps[j]);
  const corrected: number[] = [];
  let most = 0;
  order.forEach((i, rank) => {
    most = Math.max(most, Math.min(1, (ps.length - rank) * ps[i]));
    corrected[i] = most;
  });
  return corrected;
}

/** 1 - erf(x): erf's series near 0, else the continued fraction of erfc. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  const scale = Math.exp(-x * x) / Math.sqrt(Math.PI);
  if (x < 2) {
    let term = x;
    let sum = 0;
    for (let n = 0; term > 1e-17 * sum; n++) {
      sum += term;
      term *= (2 * x * x) / (2 * n + 3);
    }
    return 1 - 2 * scale * sum;
  }
  let fraction = x;
  for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
  return scale / fraction;
}
