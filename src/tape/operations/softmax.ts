import { softmaxBackward, softmaxForward } from '../../kernels/softmax';
import { defineOperation } from '../tape';
import type { SoftmaxAttributes } from '../../kernels/softmax';
import type { Value } from '../value';

/** y = softmax(x) along one axis, the last by default. */
export const softmax = defineOperation({
  name: 'softmax',
  forward(tape, { x }: Record<'x', Value>, attributes: SoftmaxAttributes) {
    return tape.dispatch(softmaxForward, { x }, attributes);
  },
  backward(tape, { inputs: { x }, outputs: { y }, attributes, dy }) {
    if (!tape.needsGradient(x)) return {};
    return { x: tape.dispatch(softmaxBackward, { y, dy: dy.y! }, attributes).dx };
  },
});
