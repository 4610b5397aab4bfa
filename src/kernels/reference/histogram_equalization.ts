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
