import { logSoftmaxBackward, logSoftmaxForward } from '../../kernels/log_softmax';
import { defineOperation } from '../tape';
import type { SoftmaxAttributes } from '../../kernels/softmax';
import type { Value } from '../value';

/** y = log(softmax(x)) along one axis, the last by default. */
export const logSoftmax = defineOperation({
  name: 'log_softmax',
  forward(tape, { x }: Record<'x', Value>, attributes: SoftmaxAttributes) {
    return tape.dispatch(logSoftmaxForward, { x }, attributes);
  },
  backward(tape, { inputs: { x }, outputs: { y }, attributes, dy }) {
    if (!tape.needsGradient(x)) return {};
    return { x: tape.dispatch(logSoftmaxBackward, { y, dy: dy.y! }, attributes).dx };
  },
});
