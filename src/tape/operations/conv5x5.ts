import {
  conv5x5BackwardInputPlain,
  conv5x5BackwardWeightPlain,
  conv5x5ForwardPlain,
} from '../../kernels/conv5x5';
import type { Layout } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** Which kernels run: the fastest that the device and the shapes allow, or these. */
export type ConvVariant = 'auto' | 'plain' | 'tiled' | 'subgroup';

/** Attributes of the operation. */
export interface Conv5x5Attributes {
  /** Physical layout of y; dense where it is left out. */
  layout?: Layout;
  variant?: ConvVariant;
}

/** y [G,N,O,H,W] = the 5x5 convolution of x [G,N,C,H,W] with weight [G,C,5,5,O], "same" size, no bias. */
export const conv5x5 = defineOperation({
  name: 'conv5x5',
  forward(
    tape: Tape,
    { x, weight }: Record<'x' | 'weight', Value>,
    { layout }: Conv5x5Attributes = {},
  ): Record<'y', Value> {
    return { y: tape.dispatch(conv5x5ForwardPlain, { x, weight }, { layout }).y };
  },
  backward(tape, { inputs: { x, weight }, dy: { y: dy } }) {
    if (!dy) return {};
    return {
      x: tape.needsGradient(x)
        ? tape.dispatch(conv5x5BackwardInputPlain, { dy, weight }, {}).dx
        : undefined,
      weight: tape.needsGradient(weight)
        ? tape.dispatch(conv5x5BackwardWeightPlain, {
            x,
            dy,
            dweight: tape.destination(weight),
          }).dweight
        : undefined,
    };
  },
});
