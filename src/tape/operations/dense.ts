import {
  denseBackwardBias,
  denseBackwardInput,
  denseBackwardWeight,
  denseForward,
  type DenseAttributes,
} from '../../kernels/dense';
import { reluBackward } from '../../kernels/relu';
import { defineOperation } from '../tape';
import type { Value } from '../value';

/** y = x weight^T + bias (PyTorch's Linear, once per group), and with `relu` max(0, that). */
export const dense = defineOperation({
  name: 'dense',
  forward(tape, inputs: Record<'x' | 'weight' | 'bias', Value>, attributes: DenseAttributes) {
    const { x, weight, bias } = inputs;
    return tape.dispatch(denseForward, { x, weight, bias }, attributes);
  },
  backward(tape, { inputs: { x, weight, bias }, outputs, attributes, dy: gradients }) {
    const dy = attributes?.relu
      ? tape.dispatch(reluBackward, { y: outputs.y, dy: gradients.y! }).dx
      : gradients.y!;
    const result: Partial<Record<'x' | 'weight' | 'bias', Value>> = {};
    if (tape.needsGradient(bias)) {
      const dbias = tape.destination(bias);
      result.bias = tape.dispatch(denseBackwardBias, { dy, dbias }, { shape: bias.shape }).dbias;
    }
    if (tape.needsGradient(weight)) {
      const dweight = tape.destination(weight);
      const { shape } = weight;
      result.weight = tape.dispatch(denseBackwardWeight, { x, dy, dweight }, { shape }).dweight;
    }
    if (tape.needsGradient(x)) {
      const dx = tape.destination(x);
      result.x = tape.dispatch(denseBackwardInput, { dy, weight, dx }, { shape: x.shape }).dx;
    }
    return result;
  },
});
