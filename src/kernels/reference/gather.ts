type Numbers = ArrayLike<number>;

/** x [outer, rows, inner]: rows by number; negative ones from the end where `signed`; else zeros. */
export function gather(
  x: Numbers,
  indices: Numbers,
  { outer, rows, inner, signed }: { outer: number; rows: number; inner: number; signed: boolean },
): Float64Array {
  const P = indices.length;
  const y = new Float64Array(outer * P * inner);
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < P; p++) {
      const row = signed && indices[p] < 0 ? indices[p] + rows : indices[p];
      if (row < 0 || row >= rows) continue;
      for (let i = 0; i < inner; i++) {
        y[(o * P + p) * inner + i] = x[(o * rows + row) * inner + i];
      }
    }
  }
  return y;
}

/** x [outer, P, inner], added up by segment into [outer, rows, inner]. */
export function segmentSum(
  x: Numbers,
  segments: Numbers,
  { outer, rows, inner, signed }: { outer: number; rows: number; inner: number; signed: boolean },
): Float64Array {
  const P = segments.length;
  const y = new Float64Array(outer * rows * inner);
  for (let o = 0; o < outer; o++) {
    for (let p = 0; p < P; p++) {
      const row = signed && segments[p] < 0 ? segments[p] + rows : segments[p];
      if (row < 0 || row >= rows) continue;
      for (let i = 0; i < inner; i++) {
        y[(o * rows + row) * inner + i] += x[(o * P + p) * inner + i];
      }
    }
  }
  return y;
}
