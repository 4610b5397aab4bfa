import accumulateShader from '../../shaders/add/accumulate.wgsl';
import forwardShader from '../../shaders/add/forward.wgsl';
import { defineKernel, linear, storageSize, type TensorSpec } from './kernel';

/** y = a + b; all of one shape and layout. */
export const add = defineKernel({
  name: 'add.forward',
  shader: forwardShader,
  outputs: ({ a }: Record<'a' | 'b', TensorSpec>) => ({ y: a }),
  params: ({ a }) => ({ length: storageSize(a) }),
  workgroups: ({ a }) => linear(storageSize(a), 64),
  flops: ({ a }) => storageSize(a),
});

/** y += x in place; both of one shape and layout. */
export const accumulate = defineKernel({
  name: 'add.accumulate',
  shader: accumulateShader,
  outputs: ({ y }: Record<'x' | 'y', TensorSpec>) => ({ y }),
  params: ({ x }) => ({ length: storageSize(x) }),
  workgroups: ({ x }) => linear(storageSize(x), 64),
  flops: ({ x }) => storageSize(x),
});
