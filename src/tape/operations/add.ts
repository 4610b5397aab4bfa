import { add as addForward } from '../../kernels/add';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** y = a + b, both of one shape and layout; values, not parameters. */
export const add = defineOperation({
  name: 'add',
  forward(tape: Tape, { a, b }: Record<'a' | 'b', Value>): Record<'y', Value> {
    return { y: tape.dispatch(addForward, { a, b }).y };
  },
  /** The gradient goes to both unchanged, so nothing is dispatched. */
  backward(tape, { inputs: { a, b }, dy }) {
    return {
      a: tape.needsGradient(a) ? dy.y : undefined,
      b: tape.needsGradient(b) ? dy.y : undefined,
    };
  },
});
