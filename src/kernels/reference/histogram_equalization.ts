/** Rounds half to even, as WGSL's `round` does. */
function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/**
 * Weighted thresholded equalization of every image of x [N, H, W]. Weights are whole numbers, made
 * as in the shader: thresholds are float32, because on them hangs how a weight rounds.
 */
export function histogramEqualizationForward(
  { shape, data }: { shape: readonly number[]; data: ArrayLike<number> },
  { v, r, pl, fromLowest }: { v: number; r: number; pl: number; fromLowest?: boolean },
): Float64Array {
  const [images, height, width] = shape;
  const pixels = height * width;
  const y = new Float64Array(images * pixels);
  for (let n = 0; n < images; n++) {
    const first = n * pixels;
    const counts = new Array<number>(256).fill(0);
    for (let i = 0; i < pixels; i++) counts[data[first + i]]++;
    const upper = Math.fround(Math.fround(v) * Math.max(...counts));
    const lower = Math.fround(pl * pixels);
    const scale = 2 ** Math.floor(Math.log2(2 ** 23 / pixels));
    const weights = counts.map((count) => {
      if (count === 0 || count < lower || upper <= lower) return 0;
      const excess = Math.fround(Math.min(count, upper) - lower);
      if (r === 1) return roundEven(excess * scale);
      return roundEven((excess / (upper - lower)) ** r * 16384);
    });
    const total = weights.reduce((a, b) => a + b, 0);
    if (weights.includes(total)) {
      for (let i = 0; i < pixels; i++) y[first + i] = data[first + i];
      continue;
    }
    const off = fromLowest ? weights.find((weight) => weight > 0)! : 0;
    let sum = 0;
    const table = weights.map((weight) => {
      sum += weight;
      const all = total - off;
      return Math.floor((510 * Math.max(0, sum - off) + all) / (2 * all));
    });
    for (let i = 0; i < pixels; i++) y[first + i] = table[data[first + i]];
  }
  return y;
}

/** Equalization by equal bins, as scikit-image's equalize_hist. Bins are found in float32, as on them hangs what is counted. */
export function histogramEqualizationBins(
  {
    x: { shape, data },
    mask,
  }: {
    x: { shape: readonly number[]; data: ArrayLike<number> };
    mask: { data: ArrayLike<number> };
  },
  { bins, hasMask }: { bins: number; hasMask: boolean },
): Float64Array {
  const [images, height, width] = shape;
  const pixels = height * width;
  const y = new Float64Array(images * pixels);
  for (let n = 0; n < images; n++) {
    const values = Array.from({ length: pixels }, (_, i) => data[n * pixels + i]);
    const counted = values.filter((_, i) => !hasMask || mask.data[n * pixels + i] !== 0);
    let low = counted.reduce((a, b) => Math.min(a, b), Infinity);
    let high = counted.reduce((a, b) => Math.max(a, b), -Infinity);
    if (low === high) [low, high] = [Math.fround(low - 0.5), Math.fround(high + 0.5)];
    const scale = Math.fround(bins / Math.fround(high - low));
    const place = (value: number) => Math.fround(Math.fround(value - low) * scale);
    const counts = new Array<number>(bins).fill(0);
    for (const value of counted) counts[Math.min(Math.floor(place(value)), bins - 1)]++;
    let sum = 0;
    const shares = counts.map((count) => (sum += count) / counted.length);
    values.forEach((value, i) => {
      const at = Math.min(Math.max(place(value) - 0.5, 0), bins - 1);
      const k = Math.min(Math.floor(at), bins - 2);
      y[n * pixels + i] =
        counted.length === 0 ? NaN : shares[k] + (shares[k + 1] - shares[k]) * (at - k);
    });
  }
  return y;
}
