import {
  normalizeBackward,
  normalizeForward,
  type NormalizeAttributes,
} from '../../kernels/normalize';
import { defineOperation } from '../tape';
import type { Value } from '../value';

/** Rows of length 1 along an axis (PyTorch's normalize). `norm` carries no gradient. */
export const normalize = defineOperation({
  name: 'normalize',
  forward(tape, { x }: Record<'x', Value>, attributes: NormalizeAttributes) {
    return tape.dispatch(normalizeForward, { x }, attributes);
  },
  backward(tape, { inputs: { x }, outputs: { y, norm }, attributes, dy }) {
    if (!tape.needsGradient(x) || !dy.y) return {};
    return {
      x: tape.dispatch(
        normalizeBackward,
        { y, norm, dy: dy.y, dx: tape.destination(x) },
        attributes,
      ).dx,
    };
  },
});
