import backwardShader from '../../shaders/concat/backward.wgsl';
import forwardShader from '../../shaders/concat/forward.wgsl';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

/** x [G, N, F] -> y [N, G * F]: the streams' features side by side. */
export const concatForward = defineKernel({
  name: 'concat.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>) => {
    const [groups, samples, features] = x.shape;
    return { y: f32([samples, groups * features]) };
  },
  params: ({ x }) => {
    const [groups, samples, features] = x.shape;
    return { groups, samples, features };
  },
  workgroups: ({ x }) => linear(size(x.shape), 64),
});

/** dy [N, G * F] -> dx [G, N, F]. */
export const concatBackward = defineKernel({
  name: 'concat.backward',
  shader: backwardShader,
  outputs: ({ dy }: Record<'dy', TensorSpec>, { groups }: { groups: number }) => ({
    dx: f32([groups, dy.shape[0], dy.shape[1] / groups]),
  }),
  params: ({ dy }, { groups }) => ({
    groups,
    samples: dy.shape[0],
    features: dy.shape[1] / groups,
  }),
  workgroups: ({ dy }) => linear(size(dy.shape), 64),
});
