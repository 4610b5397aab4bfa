import * as reference from '../../src/kernels/reference/conv';
import type { Dense } from './kernel';

/** The weight gradient, by parts of the groups of `together` rows of dy. */
export function inParts(
  x: Dense,
  dy: Dense,
  parts: number,
  together: number,
  window: reference.Convolution,
): Float64Array {
  const [G, N, , H] = dy.shape;
  const groups = N * Math.ceil(H / together);
  const sums = Array.from({ length: parts }, (_, part) => {
    const begin = Math.floor((part * groups) / parts);
    const end = Math.floor(((part + 1) * groups) / parts);
    return reference.convBackwardWeight(x.data, x.shape, dy.data, dy.shape, window, (n, row) => {
      const group = n * Math.ceil(H / together) + Math.floor(row / together);
      return group >= begin && group < end;
    });
  });
  const each = sums[0].length / G;
  const out = new Float64Array(sums[0].length * parts);
  for (let g = 0; g < G; g++) {
    sums.forEach((sum, part) =>
      out.set(sum.subarray(g * each, (g + 1) * each), (g * parts + part) * each),
    );
  }
  return out;
}
