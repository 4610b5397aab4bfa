/** Counts by true class (row) and predicted class (column). */
export type Confusion = number[][];

export interface Metrics {
  images: number;
  accuracy: number;
  /** Mean of the recalls of the classes that occur. */
  meanRecall: number;
  macroF1: number;
  recall: number[];
  confusion: Confusion;
}

export function emptyConfusion(classes: number): Confusion {
  return Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
}

/** Accuracy, recalls and F1 from a confusion matrix. Classes that do not occur count for neither mean. */
export function metricsOf(confusion: Confusion): Metrics {
  const classes = confusion.length;
  const rows = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const columns = confusion.map((_, c) => confusion.reduce((sum, row) => sum + row[c], 0));
  const images = rows.reduce((a, b) => a + b, 0);
  const correct = confusion.reduce((sum, row, c) => sum + row[c], 0);
  const present = Array.from({ length: classes }, (_, c) => c).filter((c) => rows[c] > 0);
  const recall = confusion.map((row, c) => (rows[c] > 0 ? row[c] / rows[c] : 0));
  const f1 = present.map((c) => (2 * confusion[c][c]) / Math.max(1, rows[c] + columns[c]));
  const mean = (values: number[]) =>
    values.length > 0 ? values.reduce((a, b) => a + b, 0) / values.length : 0;
  return {
    images,
    accuracy: images > 0 ? correct / images : 0,
    meanRecall: mean(present.map((c) => recall[c])),
    macroF1: mean(f1),
    recall,
    confusion,
  };
}

/** The matrix as text: rows in percent of the true class, with the counts at the end. */
export function formatConfusion(confusion: Confusion, classes: readonly string[]): string {
  const width = Math.max(8, ...classes.map((name) => name.length)) + 1;
  const head = ' '.repeat(width) + classes.map((name) => name.slice(0, 8).padStart(9)).join('');
  const lines = confusion.map((row, c) => {
    const total = row.reduce((a, b) => a + b, 0);
    const cells = row.map((n) => (total ? ((100 * n) / total).toFixed(1) : '-').padStart(9));
    return `${classes[c].padEnd(width)}${cells.join('')}   n=${total}`;
  });
  return [head, ...lines].join('\n');
}

/** Probabilities of class scores. */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const max = Math.max(...values);
  const exps = values.map((z) => Math.exp(z - max));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((e) => e / sum);
}
