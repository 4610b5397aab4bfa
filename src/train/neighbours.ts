/** What embeddings are worth: nearest neighbours, and distances within and between classes. */

/** Every row at length 1, so that the squared distance of two is 2 - 2 x their product. Rows of zeros stay. */
function unitRows(rows: Float32Array, width: number): Float32Array {
  const out = rows.slice();
  for (let at = 0; at < out.length; at += width) {
    const row = out.subarray(at, at + width);
    const length = Math.hypot(...row);
    if (length > 0) row.forEach((x, i) => (row[i] = x / length));
  }
  return out;
}

function product(a: Float32Array, i: number, b: Float32Array, j: number, width: number): number {
  let sum = 0;
  for (let k = 0; k < width; k++) sum += a[i * width + k] * b[j * width + k];
  return sum;
}

/** Rows [items, width] and the class of each. */
export interface Embedded {
  rows: Float32Array;
  labels: ArrayLike<number>;
}

/**
 * The class of every row of `test`: that of most of the k rows of `known` whose direction is nearest; among
 * equals the class of the nearest.
 */
export function nearestNeighbours(
  known: Embedded,
  test: Pick<Embedded, 'rows'>,
  width: number,
  k = 5,
): Uint8Array {
  const a = unitRows(test.rows, width);
  const b = unitRows(known.rows, width);
  const count = b.length / width;
  return Uint8Array.from({ length: a.length / width }, (_, i) => {
    const near: { product: number; label: number }[] = [];
    for (let j = 0; j < count; j++) {
      const found = product(a, i, b, j, width);
      if (near.length === k && found <= near[k - 1].product) continue;
      let at = near.length;
      while (at > 0 && near[at - 1].product < found) at--;
      near.splice(at, 0, { product: found, label: known.labels[j] });
      near.length = Math.min(near.length, k);
    }
    const votes = near.map(({ label }) => near.filter((one) => one.label === label).length);
    return near[votes.indexOf(Math.max(...votes))].label;
  });
}

/** Mean distance of two different rows of length 1: of one class, and of two. */
export function classDistances(
  { rows, labels }: Embedded,
  width: number,
): { within: number; between: number } {
  const unit = unitRows(rows, width);
  const sums = [0, 0];
  const counts = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    for (let j = 0; j < i; j++) {
      const which = labels[i] === labels[j] ? 0 : 1;
      sums[which] += Math.sqrt(Math.max(0, 2 - 2 * product(unit, i, unit, j, width)));
      counts[which] += 1;
    }
  }
  return { within: sums[0] / counts[0], between: sums[1] / counts[1] };
}
