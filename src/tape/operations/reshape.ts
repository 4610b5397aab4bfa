import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** The same elements in another shape: a view, so nothing is dispatched. x is dense and no parameter. */
export const reshape = defineOperation({
  name: 'reshape',
  layouts: 'keeps',
  forward(
    _tape: Tape,
    { x }: Record<'x', Value>,
    { shape }: { shape: readonly number[] },
  ): Record<'y', Value> {
    return { y: x.reshape(shape) };
  },
  backward(_tape, { inputs: { x }, dy }) {
    return dy.y ? { x: dy.y.reshape(x.shape) } : {};
  },
});
