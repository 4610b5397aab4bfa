import { logSoftmaxBackward, logSoftmaxForward } from '../../kernels/log_softmax';
import { defineOperation } from '../tape';
import type { Value } from '../value';

/** y = log(softmax(x)) over the last axis. */
export const logSoftmax = defineOperation({
  name: 'log_softmax',
  forward(tape, { x }: Record<'x', Value>, _: void) {
    return tape.dispatch(logSoftmaxForward, { x });
  },
  backward(tape, { inputs: { x }, outputs: { y }, dy }) {
    if (!tape.needsGradient(x)) return {};
    return { x: tape.dispatch(logSoftmaxBackward, { y, dy: dy.y! }).dx };
  },
});
