import backwardShader from '../../shaders/dropout/backward.wgsl';
import forwardShader from '../../shaders/dropout/forward.wgsl';
import { defineKernel, linear, storageSize, type TensorSpec } from './kernel';

/** `rate`: probability of dropping an element; `stream`: a number per layer. */
export interface DropoutAttributes {
  rate: number;
  stream: number;
}

/** As the shaders take them; dense.forward draws the same numbers. */
export const dropoutParams = ({ rate, stream }: DropoutAttributes) => ({
  stream,
  threshold: Math.round(rate * 16777216),
  scale: rate < 1 ? 1 / (1 - rate) : 0,
});

const params = (x: TensorSpec, attributes: DropoutAttributes) => ({
  length: storageSize(x),
  ...dropoutParams(attributes),
});

/** y = x / (1 - rate) or 0, of x's shape and layout. The mask comes from the step's numbers. */
export const dropoutForward = defineKernel({
  name: 'dropout.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x' | 'step', TensorSpec>, _: DropoutAttributes) => ({ y: x }),
  params: ({ x }, attributes) => params(x, attributes),
  workgroups: ({ x }) => linear(storageSize(x), 64),
  flops: ({ x }) => storageSize(x),
});

/** dx = dy / (1 - rate) or 0, with the same mask. */
export const dropoutBackward = defineKernel({
  name: 'dropout.backward',
  shader: backwardShader,
  outputs: ({ dy }: Record<'dy' | 'step', TensorSpec>, _: DropoutAttributes) => ({ dx: dy }),
  params: ({ dy }, attributes) => params(dy, attributes),
  workgroups: ({ dy }) => linear(storageSize(dy), 64),
  flops: ({ dy }) => storageSize(dy),
});
