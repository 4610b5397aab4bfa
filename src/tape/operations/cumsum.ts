import { cumsumForward, type CumsumAttributes } from '../../kernels/cumsum';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** Running sums of x along an axis (PyTorch's cumsum). Every x is in the sums from its own on: so is its gradient. */
export const cumsum = defineOperation({
  name: 'cumsum',
  forward(
    tape: Tape,
    { x }: Record<'x', Value>,
    attributes: CumsumAttributes = {},
  ): Record<'y', Value> {
    return tape.dispatch(cumsumForward, { x }, attributes);
  },
  backward(tape, { inputs: { x }, attributes, dy }) {
    if (!dy.y) return {};
    const given = { x: dy.y, y: tape.destination(x) };
    return { x: tape.dispatch(cumsumForward, given, { ...attributes, reverse: true }).y };
  },
});
