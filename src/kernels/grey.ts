import shader from '../../shaders/grey/forward.wgsl';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

/** RGBA pixels (one u32 each, red in the low bits) to grey levels f32, of the same shape. */
export const greyForward = defineKernel({
  name: 'grey.forward',
  shader,
  outputs: ({ pixels }: Record<'pixels', TensorSpec>) => ({ y: f32(pixels.shape) }),
  params: ({ pixels }) => ({ length: size(pixels.shape) }),
  workgroups: ({ pixels }) => linear(size(pixels.shape), 64),
});
