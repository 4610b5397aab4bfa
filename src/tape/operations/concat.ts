import { concatBackward, concatForward } from '../../kernels/concat';
import { defineOperation } from '../tape';
import type { Value } from '../value';

/** x [G, N, F] -> y [N, G * F]: the streams' features side by side. */
export const concat = defineOperation({
  name: 'concat',
  forward(tape, { x }: Record<'x', Value>, _: void) {
    return tape.dispatch(concatForward, { x });
  },
  backward(tape, { inputs: { x }, dy }) {
    if (!tape.needsGradient(x)) return {};
    return { x: tape.dispatch(concatBackward, { dy: dy.y! }, { groups: x.shape[0] }).dx };
  },
});
