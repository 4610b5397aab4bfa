import shader from '../../shaders/standardize/forward.wgsl';
import {
  defineKernel,
  f32,
  layoutOf,
  size,
  type Gathered,
  type Layout,
  type TensorSpec,
} from './kernel';

interface Attributes extends Gathered {
  streams: 1 | 2;
  /** Physical layout of y; dense where it is left out. */
  layout?: Layout;
}

const outputOf = ({ shape: [images, height, width] }: TensorSpec, attributes: Attributes) =>
  f32([attributes.streams, images, 1, height, width], attributes.layout);

/**
 * y [streams, N, 1, H, W]: every image of a and b [N, H, W] less its mean, over its deviation.
 * For one stream give the same tensor as a and b.
 */
export const standardizeForward = defineKernel({
  name: 'standardize.forward',
  shader,
  outputs: ({ a }: Record<'a' | 'b', TensorSpec>, attributes: Attributes) => ({
    y: outputOf(a, attributes),
  }),
  params: ({ a }, attributes) => {
    const [images, height, width] = a.shape;
    const { border, rowStride } = layoutOf(outputOf(a, attributes));
    return { images, height, width, border, row_stride: rowStride };
  },
  overrides: (_, { threads = 64 }) => ({ WORKGROUP_SIZE: threads }),
  workgroups: ({ a }, { streams }) => [a.shape[0], streams, 1],
  flops: ({ a }, { streams }) => size(a.shape) * streams * 6,
});
