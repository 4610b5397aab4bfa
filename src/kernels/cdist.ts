import backwardShader from '../../shaders/cdist/backward.wgsl';
import forwardShader from '../../shaders/cdist/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

export interface CdistAttributes {
  /** The squares of the distances. */
  squared?: boolean;
  /** Added to every difference; PyTorch's pairwise_distance has 1e-6. Default 0. */
  epsilon?: number;
}

function extents(a: TensorSpec, b: TensorSpec) {
  const batch = a.shape.slice(0, -2);
  const [rows, features] = a.shape.slice(-2);
  const [columns, width] = b.shape.slice(-2);
  const sameBatch = batch.join() === b.shape.slice(0, -2).join();
  if (a.shape.length < 2 || a.layout || b.layout || features !== width || !sameBatch) {
    throw new FacegradError(
      'bad-input',
      `cdist: the rows of [${a.shape}] and [${b.shape}] differ in length`,
      {
        operation: 'cdist',
        wanted: [...batch, 'M', features],
        available: b.shape,
      },
    );
  }
  return { batch, rows, columns, features };
}

function params(a: TensorSpec, b: TensorSpec, { epsilon }: CdistAttributes, length: number) {
  const { rows, columns, features } = extents(a, b);
  return { length, rows, columns, features, epsilon: epsilon ?? 0 };
}

const pairs = (a: TensorSpec, b: TensorSpec) => {
  const { batch, rows, columns } = extents(a, b);
  return [...batch, rows, columns];
};

/** Distances of all rows: a [..., N, K], b [..., M, K] -> y [..., N, M]. */
export const cdistForward = defineKernel({
  name: 'cdist.forward',
  shader: forwardShader,
  outputs: ({ a, b }: Record<'a' | 'b', TensorSpec>, _: CdistAttributes) => ({
    y: f32(pairs(a, b)),
  }),
  params: ({ a, b }, attributes) => params(a, b, attributes, size(pairs(a, b))),
  overrides: (_, { squared }) => ({ SQUARED: Number(squared ?? false) }),
  workgroups: ({ a, b }) => linear(size(pairs(a, b)), 64),
  flops: ({ a, b }) => 3 * size(pairs(a, b)) * extents(a, b).features,
});

/** The gradient of a, or of b. */
export const cdistBackward = defineKernel({
  name: 'cdist.backward',
  shader: backwardShader,
  outputs: (
    { a, b }: Record<'a' | 'b' | 'y' | 'dy', TensorSpec>,
    { of }: CdistAttributes & { of: 'a' | 'b' },
  ) => ({ dx: of === 'a' ? a : b }),
  params: ({ a, b }, attributes) =>
    params(a, b, attributes, size(attributes.of === 'a' ? a.shape : b.shape)),
  overrides: (_, { squared, of }) => ({
    SQUARED: Number(squared ?? false),
    OF_B: Number(of === 'b'),
  }),
  workgroups: ({ a, b }, { of }) => linear(size(of === 'a' ? a.shape : b.shape), 64),
  flops: ({ a, b }) => 4 * size(pairs(a, b)) * extents(a, b).features,
});
