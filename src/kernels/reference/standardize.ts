/** (x - mean) / sqrt(variance + 1) of each image of `length` pixels; the streams one after the other. */
export function standardizeForward(streams: ArrayLike<number>[], length: number): Float64Array {
  const y: number[] = [];
  for (const x of streams) {
    for (let first = 0; first < x.length; first += length) {
      let mean = 0;
      for (let i = 0; i < length; i++) mean += x[first + i] / length;
      let variance = 0;
      for (let i = 0; i < length; i++) variance += (x[first + i] - mean) ** 2 / length;
      for (let i = 0; i < length; i++) y.push((x[first + i] - mean) / Math.sqrt(variance + 1));
    }
  }
  return Float64Array.from(y);
}
