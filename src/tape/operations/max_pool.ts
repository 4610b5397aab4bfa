import type { Layout } from '../../kernels/kernel';
import { maxPoolBackward, maxPoolForward, type MaxPoolAttributes } from '../../kernels/max_pool';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** y = maximum of each window of x [..., H, W], with its place kept for the gradient. */
export const maxPool = defineOperation({
  name: 'max_pool',
  forward(
    tape: Tape,
    { x }: Record<'x', Value>,
    attributes: MaxPoolAttributes & {
      /** Physical layout of dx; dense by default. */
      inputLayout?: Layout;
    },
  ): Record<'y' | 'indices', Value> {
    const { y, indices } = tape.dispatch(maxPoolForward, { x }, attributes);
    return { y, indices };
  },
  backward(tape, { inputs: { x }, outputs: { indices }, attributes, dy }) {
    if (!dy.y) return {};
    const { inputLayout: layout } = attributes;
    const { dx } = tape.dispatch(
      maxPoolBackward,
      { indices, dy: dy.y, dx: tape.destination(x) },
      { ...attributes, shape: x.shape, layout },
    );
    return { x: dx };
  },
});
