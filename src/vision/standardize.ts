import { FacegradError } from '../gpu/errors';
import { standardizeForward } from '../kernels/standardize';
import type { Tape } from '../tape/tape';
import type { Value } from '../tape/value';

/**
 * One or two streams of images [N, H, W] to x [streams, N, 1, H, W] with the border that the first
 * convolution reads, each image with mean 0 and deviation 1.
 */
export function standardize(tape: Tape, streams: Value[]): Value {
  if (streams.length !== 1 && streams.length !== 2) {
    throw new FacegradError('bad-input', `standardize takes one or two streams`, {
      operation: 'standardize',
      wanted: streams.length,
      available: [1, 2],
    });
  }
  const [a, b = a] = streams;
  return tape.dispatch(standardizeForward, { a, b }, { streams: streams.length }).y;
}
