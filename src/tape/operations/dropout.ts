import { dropoutBackward, dropoutForward, type DropoutAttributes } from '../../kernels/dropout';
import { defineOperation } from '../tape';
import type { Value } from '../value';

/** Inverted dropout, for training only. `step` is the state buffer with the seed and the step's number. */
export const dropout = defineOperation({
  name: 'dropout',
  forward(tape, { x }: Record<'x', Value>, { step, rate, stream }: Attributes) {
    return tape.dispatch(dropoutForward, { x, step }, { rate, stream });
  },
  backward(tape, { inputs, attributes: { step, rate, stream }, dy }) {
    if (!tape.needsGradient(inputs.x)) return {};
    return { x: tape.dispatch(dropoutBackward, { dy: dy.y!, step }, { rate, stream }).dx };
  },
});

export type Attributes = DropoutAttributes & { step: Value };
