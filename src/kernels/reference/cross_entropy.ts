type Numbers = ArrayLike<number>;

export interface CrossEntropyOptions {
  shape: readonly number[]; // [N, C, ...] or [C]
  logSoftmax: boolean;
  weight?: Numbers;
  ignoreIndex?: number;
  smoothing?: number;
}

function extents(shape: readonly number[]) {
  const axis = shape.length === 1 ? 0 : 1;
  const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);
  const inner = product(shape.slice(axis + 1));
  return { outer: product(shape.slice(0, axis)), C: shape[axis], inner };
}

/** Target of every class, or null for a sample that does not count. */
function target(label: number, C: number, o: CrossEntropyOptions): number[] | null {
  if (label === (o.ignoreIndex ?? -100) >>> 0 || !(label < C)) return null;
  const s = o.smoothing ?? 0;
  const w = (j: number) => o.weight?.[j] ?? 1;
  const even = (j: number) => (s === 0 ? 0 : (s / C) * w(j)); // the other weights are not looked at
  return Array.from({ length: C }, (_, j) => (j === label ? (1 - s) * w(j) : 0) + even(j));
}

/** -sum of target times log-probability, per sample; what each counts; and the log-probabilities. */
export function crossEntropyForward(x: Numbers, labels: Numbers, o: CrossEntropyOptions) {
  const { outer, C, inner } = extents(o.shape);
  const loss = new Float64Array(outer * inner);
  const share = new Float64Array(outer * inner);
  const log_prob = Float64Array.from(x);
  for (let i = 0; i < outer * inner; i++) {
    const at = (j: number) => (Math.floor(i / inner) * C + j) * inner + (i % inner);
    if (o.logSoftmax) {
      let largest = -Infinity;
      for (let j = 0; j < C; j++) largest = Math.max(largest, x[at(j)]);
      let total = 0;
      for (let j = 0; j < C; j++) total += Math.exp(x[at(j)] - largest);
      for (let j = 0; j < C; j++) log_prob[at(j)] = x[at(j)] - largest - Math.log(total);
    }
    const t = target(labels[i] >>> 0, C, o);
    if (!t) continue;
    share[i] = o.weight?.[labels[i]] ?? 1;
    for (let j = 0; j < C; j++) if (t[j] !== 0) loss[i] -= t[j] * log_prob[at(j)];
  }
  return { loss, share, log_prob };
}

/** The gradient of x, from that of every sample's loss. */
export function crossEntropyBackward(
  log_prob: Numbers,
  labels: Numbers,
  dloss: Numbers,
  o: CrossEntropyOptions,
): Float64Array {
  const { outer, C, inner } = extents(o.shape);
  const dx = new Float64Array(log_prob.length);
  for (let i = 0; i < outer * inner; i++) {
    const at = (j: number) => (Math.floor(i / inner) * C + j) * inner + (i % inner);
    const t = target(labels[i] >>> 0, C, o);
    if (!t) continue;
    const total = t.reduce((a, b) => a + b, 0);
    for (let j = 0; j < C; j++) {
      const p = o.logSoftmax ? Math.exp(log_prob[at(j)]) * total : 0;
      dx[at(j)] = dloss[i] * (p - t[j]);
    }
  }
  return dx;
}

/** The sum of the losses over the divisor: the sum of the shares for the mean (0 / 0 where there are none), 1 for the sum. */
export function crossEntropyReduce(loss: Numbers, share: Numbers, mean: boolean) {
  let total = 0;
  let count = 0;
  for (let i = 0; i < loss.length; i++) {
    total += loss[i];
    count += share[i];
  }
  const divisor = mean ? count : 1;
  return { y: [total / divisor], divisor: [divisor] };
}
