import backwardShader from '../../shaders/relu/backward.wgsl';
import forwardShader from '../../shaders/relu/forward.wgsl';
import { defineKernel, linear, storageSize, type TensorSpec } from './kernel';

/** y = max(0, x), of x's shape and layout. */
export const reluForward = defineKernel({
  name: 'relu.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>) => ({ y: x }),
  params: ({ x }) => ({ length: storageSize(x) }),
  workgroups: ({ x }) => linear(storageSize(x), 64),
  flops: ({ x }) => storageSize(x),
});

/** dx = dy where y > 0, of dy's shape and layout. */
export const reluBackward = defineKernel({
  name: 'relu.backward',
  shader: backwardShader,
  outputs: ({ dy }: Record<'y' | 'dy', TensorSpec>) => ({ dx: dy }),
  params: ({ dy }) => ({ length: storageSize(dy) }),
  workgroups: ({ dy }) => linear(storageSize(dy), 64),
  flops: ({ dy }) => storageSize(dy),
});
