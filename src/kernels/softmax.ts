import backwardShader from '../../shaders/softmax/backward.wgsl';
import forwardShader from '../../shaders/softmax/forward.wgsl';
import { defineKernel, linear, size, type TensorSpec } from './kernel';

const rows = ({ shape }: TensorSpec) => size(shape.slice(0, -1));

const params = (y: TensorSpec) => ({ rows: rows(y), classes: y.shape[y.shape.length - 1] });

/** y = softmax(x) over the last axis. */
export const softmaxForward = defineKernel({
  name: 'softmax.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>) => ({ y: x }),
  params: ({ x }) => params(x),
  workgroups: ({ x }) => linear(rows(x), 64),
  flops: ({ x }) => 5 * size(x.shape),
});

/** dx = y (dy - sum(y dy)). */
export const softmaxBackward = defineKernel({
  name: 'softmax.backward',
  shader: backwardShader,
  outputs: ({ dy }: Record<'y' | 'dy', TensorSpec>) => ({ dx: dy }),
  params: ({ dy }) => params(dy),
  workgroups: ({ dy }) => linear(rows(dy), 64),
  flops: ({ dy }) => 4 * size(dy.shape),
});
