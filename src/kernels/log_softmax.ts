import backwardShader from '../../shaders/log_softmax/backward.wgsl';
import forwardShader from '../../shaders/log_softmax/forward.wgsl';
import { defineKernel, linear, size, type TensorSpec } from './kernel';
import { softmaxRows, type SoftmaxAttributes } from './softmax';

/** y = log(softmax(x)) along one axis. */
export const logSoftmaxForward = defineKernel({
  name: 'log_softmax.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>, _: SoftmaxAttributes) => ({ y: x }),
  params: ({ x }, attributes) => softmaxRows(x, attributes),
  workgroups: ({ x }, attributes) => linear(softmaxRows(x, attributes).rows, 64),
  flops: ({ x }) => 5 * size(x.shape),
});

/** dx = dy - exp(y) sum(dy). */
export const logSoftmaxBackward = defineKernel({
  name: 'log_softmax.backward',
  shader: backwardShader,
  outputs: ({ dy }: Record<'y' | 'dy', TensorSpec>, _: SoftmaxAttributes) => ({ dx: dy }),
  params: ({ dy }, attributes) => softmaxRows(dy, attributes),
  workgroups: ({ dy }, attributes) => linear(softmaxRows(dy, attributes).rows, 64),
  flops: ({ dy }) => 4 * size(dy.shape),
});
