import shader from '../../shaders/gather_labels/forward.wgsl';
import { defineKernel, linear, size, u32, type TensorSpec } from './kernel';

/** y [batch] u32 = the labels (packed bytes) of the indices [batch]; 0xffffffff where absent. */
export const gatherLabelsForward = defineKernel({
  name: 'gather_labels.forward',
  shader,
  outputs: ({ indices }: Record<'labels' | 'indices', TensorSpec>) => ({ y: u32(indices.shape) }),
  params: ({ labels, indices }) => ({
    count: size(labels.shape) * 4,
    length: size(indices.shape),
  }),
  workgroups: ({ indices }) => linear(size(indices.shape), 64),
});
