import {
  isPool2x2,
  maxPoolBackward,
  maxPoolBackward2x2,
  maxPoolForward,
  maxPoolForward2x2,
  type MaxPoolAttributes,
} from '../../kernels/max_pool';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** y = maximum of each window of x [..., H, W], with its place kept for the gradient. */
export const maxPool = defineOperation({
  name: 'max_pool',
  layouts: 'writes',
  forward(
    tape: Tape,
    { x }: Record<'x', Value>,
    attributes: MaxPoolAttributes,
  ): Record<'y' | 'indices', Value> {
    const kernel = isPool2x2(attributes) && !tape.plain ? maxPoolForward2x2 : maxPoolForward;
    const { y, indices } = tape.dispatch(kernel, { x }, attributes);
    return { y, indices };
  },
  backward(tape, { inputs: { x }, outputs: { indices }, attributes, dy }) {
    if (!dy.y) return {};
    const layout = x.gradientLayout;
    // Blocks of 2x2 begin where windows do only behind an even border.
    const blocks = isPool2x2(attributes) && (layout?.border ?? 0) % 2 === 0 && !tape.plain;
    const { dx } = tape.dispatch(
      blocks ? maxPoolBackward2x2 : maxPoolBackward,
      { indices, dy: dy.y, dx: tape.destination(x) },
      { ...attributes, shape: x.shape, layout },
    );
    return { x: dx };
  },
});
