/** Median, extremes and quartiles. */
export interface Spread {
  median: number;
  min: number;
  max: number;
  /** First and third quartile. */
  quartiles: [number, number];
}

/** @throws RangeError without samples */
export function spread(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  const middle = sorted.length / 2;
  const median =
    sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1)!, quartiles: [at(0.25), at(0.75)] };
}

/** How many times one is as slow as another, and what the noise of both allows it to be. */
export interface Ratio {
  value: number;
  low: number;
  high: number;
}

/**
 * Of two lists taken in turn (A B A B …): the median of the rounds' own ratios, so that what slows a
 * whole round down cancels, between their quartiles.
 */
export function pairedRatio(slow: readonly number[], fast: readonly number[]): Ratio {
  const rounds = Math.min(slow.length, fast.length);
  const { median, quartiles } = spread(slow.slice(0, rounds).map((ms, i) => ms / fast[i]));
  return { value: median, low: quartiles[0], high: quartiles[1] };
}

/** Of two runs at different times: the medians' ratio, as far apart as the quartiles allow. */
export function runRatio(now: Spread, before: Spread): Ratio {
  return {
    value: now.median / before.median,
    low: now.quartiles[0] / before.quartiles[1],
    high: now.quartiles[1] / before.quartiles[0],
  };
}

/** What a ratio of times says, when whatever lies inside `band` or straddles 1 says nothing. */
export function verdict({ value, low, high }: Ratio, band = 0.05): 'faster' | 'slower' | 'same' {
  if (low <= 1 && high >= 1) return 'same';
  if (Math.abs(value - 1) <= band) return 'same';
  return value < 1 ? 'faster' : 'slower';
}

/**
 * The largest difference of two lists relative to the largest number of the first; Infinity where
 * one is not finite, or their lengths differ.
 */
export function difference(wanted: ArrayLike<number>, got: ArrayLike<number>): number {
  if (wanted.length !== got.length) return Infinity;
  let largest = 0;
  let scale = 0;
  for (let i = 0; i < wanted.length; i++) {
    const delta = Math.abs(wanted[i] - got[i]);
    if (!Number.isFinite(delta)) return Infinity;
    largest = Math.max(largest, delta);
    scale = Math.max(scale, Math.abs(wanted[i]));
  }
  return largest / (scale || 1);
}
