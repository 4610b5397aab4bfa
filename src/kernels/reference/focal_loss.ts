/**
 * Per sample (1 - s) alpha_c (1 - p_c)^gamma (-ln p_c) + s/K sum_j (-ln p_j), divided by the number of
 * labelled samples where the losses are to add up to the mean; gamma is 0 where p_c < threshold. A label that is no class counts for nothing.
 */
export function focalLoss(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  alpha: ArrayLike<number>,
  focus: number,
  smoothing = 0,
  mean = true,
  threshold = 0,
): { loss: Float64Array; dlogits: Float64Array } {
  const N = labels.length;
  const K = alpha.length;
  const loss = new Float64Array(N);
  const dlogits = new Float64Array(N * K);
  let valid = 0;
  for (let n = 0; n < N; n++) if (labels[n] < K) valid++;
  if (!mean) valid = 1;
  for (let n = 0; n < N; n++) {
    const c = labels[n];
    if (!(c < K)) continue;
    const z = Array.from({ length: K }, (_, j) => logits[n * K + j]);
    const largest = Math.max(...z);
    const e = z.map((value) => Math.exp(value - largest));
    const total = e.reduce((a, b) => a + b, 0);
    const logP = z.map((value) => value - largest - Math.log(total));
    const p = e.map((value) => value / total);
    const others = e.reduce((a, b, j) => (j === c ? a : a + b), 0);
    const q = others / total; // 1 - p[c]
    const logTrue = q < 0.5 ? Math.log1p(-q) : logP[c];
    const weight = (1 - smoothing) * alpha[c];
    const gamma = p[c] < threshold ? 0 : focus;
    const slope = gamma === 0 ? 0 : gamma * p[c] * (q > 0 ? q ** (gamma - 1) : 0) * logTrue;
    const factor = weight * (slope - q ** gamma);
    let even = 0;
    for (let j = 0; j < K && smoothing > 0; j++) even -= (smoothing / K) * logP[j];
    loss[n] = (-weight * q ** gamma * logTrue + even) / valid;
    for (let j = 0; j < K; j++) {
      const toward = j === c ? q : -p[j];
      dlogits[n * K + j] = (factor * toward + smoothing * (p[j] - 1 / K)) / valid;
    }
  }
  return { loss, dlogits };
}
