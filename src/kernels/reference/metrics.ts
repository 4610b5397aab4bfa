/** What a batch adds; `bad` if a labelled sample has a number that is not finite. */
export function batchMetrics(
  loss: ArrayLike<number>,
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  K: number,
): {
  loss: number;
  steps: number;
  correct: number;
  samples: number;
  bad: boolean;
} {
  const sums = { loss: 0, steps: 0, correct: 0, samples: 0 };
  let bad = false;
  for (let n = 0; n < labels.length; n++) {
    if (!(labels[n] < K)) continue;
    let best = 0;
    for (let j = 0; j < K; j++) {
      if (logits[n * K + j] > logits[n * K + best]) best = j;
      if (!Number.isFinite(logits[n * K + j])) bad = true;
    }
    if (!Number.isFinite(loss[n])) bad = true;
    sums.loss += loss[n];
    sums.steps = 1;
    sums.samples++;
    if (best === labels[n]) sums.correct++;
  }
  return { ...sums, bad };
}
