import { FacegradError } from '../gpu/errors';
import { cpuLanes, type Layout } from '../kernels/kernel';
import { standardizeForward } from '../kernels/standardize';
import { later } from '../tape/later';
import { defineOperation, type Tape } from '../tape/tape';
import type { Value } from '../tape/value';

interface Inputs {
  a: Value;
  b?: Value;
}

const standardizing = defineOperation({
  name: 'standardize',
  layouts: 'writes',
  forward(tape: Tape, { a, b }: Inputs, { layout }: { layout?: Layout } = {}) {
    const threads = cpuLanes(tape.capabilities);
    return tape.dispatch(
      standardizeForward,
      { a, b: b ?? a },
      { streams: b ? 2 : 1, layout, threads },
    );
  },
});

/**
 * One or two streams of images [N, H, W] to x [streams, N, 1, H, W], each image with mean 0 and deviation 1, in the
 * layout that its first reader asks for.
 */
export function standardize(tape: Tape, streams: readonly Value[]): Value {
  if (streams.length !== 1 && streams.length !== 2) {
    throw new FacegradError('bad-input', `standardize takes one or two streams`, {
      operation: 'standardize',
      wanted: streams.length,
      available: [1, 2],
    });
  }
  const [a, b] = streams;
  const [images, height, width] = a.shape;
  const shape = [streams.length, images, 1, height, width];
  return later(tape, standardizing, { inputs: { a, b }, attributes: {} }, shape);
}
