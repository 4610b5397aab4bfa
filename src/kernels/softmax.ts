import backwardShader from '../../shaders/softmax/backward.wgsl';
import forwardShader from '../../shaders/softmax/forward.wgsl';
import { axisOf, defineKernel, linear, size, type TensorSpec } from './kernel';

/** The axis to go along; the last one by default. */
export type SoftmaxAttributes = { axis?: number } | undefined;

/** x as [rows' first part, classes, inner]. */
export function softmaxRows({ shape }: TensorSpec, attributes: SoftmaxAttributes) {
  const axis = axisOf('softmax', attributes?.axis ?? -1, shape.length);
  const classes = shape[axis];
  return { rows: size(shape) / classes, classes, inner: size(shape.slice(axis + 1)) };
}

/** y = softmax(x) along one axis. */
export const softmaxForward = defineKernel({
  name: 'softmax.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>, _: SoftmaxAttributes) => ({ y: x }),
  params: ({ x }, attributes) => softmaxRows(x, attributes),
  workgroups: ({ x }, attributes) => linear(softmaxRows(x, attributes).rows, 64),
  flops: ({ x }) => 5 * size(x.shape),
});

/** dx = y (dy - sum(y dy)). */
export const softmaxBackward = defineKernel({
  name: 'softmax.backward',
  shader: backwardShader,
  outputs: ({ dy }: Record<'y' | 'dy', TensorSpec>, _: SoftmaxAttributes) => ({ dx: dy }),
  params: ({ dy }, attributes) => softmaxRows(dy, attributes),
  workgroups: ({ dy }, attributes) => linear(softmaxRows(dy, attributes).rows, 64),
  flops: ({ dy }) => 4 * size(dy.shape),
});
