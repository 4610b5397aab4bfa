/** What class probabilities come to: one file of predictions, several accuracies. */
import { emptyConfusion, metricsOf, type Metrics } from './metrics';

/** The class of every item: the first of the largest probabilities, of all classes but `never`. */
export function predict(probabilities: Float64Array, classes: number, never?: number): Uint8Array {
  return Uint8Array.from({ length: probabilities.length / classes }, (_, i) => {
    const row = probabilities.slice(i * classes, (i + 1) * classes);
    if (never !== undefined) row[never] = -1;
    return row.indexOf(Math.max(...row));
  });
}

/** Metrics over the items that `counts` has counted; all of them without it. */
export function measure(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  counts: (item: number) => boolean = () => true,
): Metrics {
  const confusion = emptyConfusion(classes);
  for (let i = 0; i < labels.length; i++) {
    if (counts(i)) confusion[labels[i]][predictions[i]] += 1;
  }
  return metricsOf(confusion);
}
