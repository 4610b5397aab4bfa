import forwardShader from '../../shaders/cumsum/forward.wgsl';
import { axisOf, defineKernel, linear, size, type TensorSpec } from './kernel';

export interface CumsumAttributes {
  /** The axis to go along; the last one by default. */
  axis?: number;
}

function rows({ shape }: TensorSpec, { axis = -1 }: CumsumAttributes) {
  const along = axisOf('cumsum', axis, shape.length);
  const extent = shape[along];
  const inner = size(shape.slice(along + 1));
  return { rows: size(shape.slice(0, along)) * inner, extent, inner };
}

/** y_k = the sum of x_0 to x_k along one axis; with `reverse` of x_k to the last. */
export const cumsumForward = defineKernel({
  name: 'cumsum.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>, _: CumsumAttributes & { reverse?: boolean }) => ({
    y: x,
  }),
  params: ({ x }, attributes) => rows(x, attributes),
  overrides: (_, { reverse }) => ({ REVERSE: Number(reverse ?? false) }),
  workgroups: ({ x }, attributes) => linear(rows(x, attributes).rows, 64),
  flops: ({ x }) => size(x.shape),
});
