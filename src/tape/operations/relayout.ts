import { copyLayout } from '../../kernels/copy';
import type { Layout } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** x [..., H, W] in another physical layout; dense where it is left out. */
export const relayout = defineOperation({
  name: 'relayout',
  layouts: 'reads',
  forward(tape: Tape, { x }: Record<'x', Value>, { layout }: { layout?: Layout }) {
    return tape.dispatch(copyLayout, { x }, { layout });
  },
  backward(tape, { inputs: { x }, dy }) {
    if (!dy.y || !tape.needsGradient(x)) return {};
    const layout = x.gradientLayout;
    if (!x.grad && JSON.stringify(layout) === JSON.stringify(dy.y.spec.layout)) return { x: dy.y };
    return { x: tape.dispatch(copyLayout, { x: dy.y, y: tape.destination(x) }, { layout }).y };
  },
});
