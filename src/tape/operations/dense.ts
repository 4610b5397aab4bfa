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

export interface Inputs {
  x: Value;
  weight: Value;
  bias?: Value;
}

/** y = x weight^T + bias (PyTorch's Linear, once per group), and with `relu` max(0, that). */
export const dense = defineOperation({
  name: 'dense',
  forward(tape, { x, weight, bias }: Inputs, attributes: DenseAttributes) {
    return tape.dispatch(
      denseForward,
      { x, weight, bias: bias ?? weight }, // something must be bound
      { relu: attributes?.relu, hasBias: bias !== undefined },
    );
  },
  backward(tape, { inputs: { x, weight, bias }, outputs, attributes, dy: gradients }) {
    const dy = attributes?.relu
      ? tape.dispatch(reluBackward, { y: outputs.y, dy: gradients.y! }).dx
      : gradients.y!;
    const result: Partial<Inputs> = {};
    if (bias && tape.needsGradient(bias)) {
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
