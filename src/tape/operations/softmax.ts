import { softmaxBackward, softmaxForward } from '../../kernels/softmax';
import { defineOperation } from '../tape';
import type { Value } from '../value';

/** y = softmax(x) over the last axis. */
export const softmax = defineOperation({
  name: 'softmax',
  forward(tape, { x }: Record<'x', Value>, _: void) {
    return tape.dispatch(softmaxForward, { x });
  },
  backward(tape, { inputs: { x }, outputs: { y }, dy }) {
    if (!tape.needsGradient(x)) return {};
    return { x: tape.dispatch(softmaxBackward, { y, dy: dy.y! }).dx };
  },
});
