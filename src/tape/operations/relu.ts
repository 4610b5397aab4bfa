import { reluBackward, reluForward } from '../../kernels/relu';
import { inLayout } from '../later';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** y = max(0, x), of any shape and layout. */
export const relu = defineOperation({
  name: 'relu',
  layouts: 'keeps',
  forward(tape: Tape, { x }: Record<'x', Value>): Record<'y', Value> {
    return { y: tape.dispatch(reluForward, { x }).y };
  },
  backward(tape, { inputs: { x }, outputs: { y }, dy }) {
    if (!dy.y) return {};
    const like = inLayout(tape, dy.y, y.spec.layout);
    return { x: tape.dispatch(reluBackward, { y, dy: like, dx: tape.destination(x) }).dx };
  },
});
