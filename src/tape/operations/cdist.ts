import { cdistBackward, cdistForward, type CdistAttributes } from '../../kernels/cdist';
import { defineOperation } from '../tape';
import type { Value } from '../value';

/** Euclidean distances of all rows of a [..., N, K] and b [..., M, K], [..., N, M]. */
export const cdist = defineOperation({
  name: 'cdist',
  forward(tape, { a, b }: Record<'a' | 'b', Value>, attributes: CdistAttributes) {
    return tape.dispatch(cdistForward, { a, b }, attributes);
  },
  backward(tape, { inputs: { a, b }, outputs: { y }, attributes, dy }) {
    const gradient = (of: 'a' | 'b', value: Value) =>
      tape.needsGradient(value)
        ? tape.dispatch(
            cdistBackward,
            { a, b, y, dy: dy.y!, dx: tape.destination(value) },
            { ...attributes, of },
          ).dx
        : undefined;
    return { a: gradient('a', a), b: gradient('b', b) };
  },
});
