import { reluBackward, reluForward } from '../../kernels/relu';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** y = max(0, x), of any shape and layout. */
export const relu = defineOperation({
  name: 'relu',
  forward(tape: Tape, { x }: Record<'x', Value>): Record<'y', Value> {
    return { y: tape.dispatch(reluForward, { x }).y };
  },
  backward(tape, { inputs: { x }, outputs: { y }, dy }) {
    if (!dy.y) return {};
    return { x: tape.dispatch(reluBackward, { y, dy: dy.y, dx: tape.destination(x) }).dx };
  },
});
