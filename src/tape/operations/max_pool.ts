import { works } from '../../kernels/fast';
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

/** Whether the kernels of 2x2 windows may be taken. */
const blocks = (tape: Tape, attributes: MaxPoolAttributes) =>
  isPool2x2(attributes) && !tape.plain && works(tape.capabilities, 'max_pool 2x2');

/** y = maximum of each window of x [..., H, W], with its place kept for the gradient. */
export const maxPool = defineOperation({
  name: 'max_pool',
  layouts: 'writes',
  forward(
    tape: Tape,
    { x }: Record<'x', Value>,
    attributes: MaxPoolAttributes,
  ): Record<'y' | 'indices', Value> {
    const kernel = blocks(tape, attributes) ? maxPoolForward2x2 : maxPoolForward;
    const { y, indices } = tape.dispatch(kernel, { x }, attributes);
    return { y, indices };
  },
  backward(tape, { inputs: { x }, outputs: { indices }, attributes, dy }) {
    if (!dy.y) return {};
    const layout = x.gradientLayout;
    // Blocks of 2x2 begin where windows do only behind an even border.
    const aligned = (layout?.border ?? 0) % 2 === 0;
    const { dx } = tape.dispatch(
      aligned && blocks(tape, attributes) ? maxPoolBackward2x2 : maxPoolBackward,
      { indices, dy: dy.y, dx: tape.destination(x) },
      { ...attributes, shape: x.shape, layout },
    );
    return { x: dx };
  },
});
