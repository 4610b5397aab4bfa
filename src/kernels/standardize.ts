import shader from '../../shaders/standardize/forward.wgsl';
import { bordered, defineKernel, f32, size, type TensorSpec } from './kernel';

interface Attributes {
  streams: 1 | 2;
  /** Without the border that the 5x5 convolutions read. */
  dense?: boolean;
}

const layoutFor = (width: number, { dense }: Attributes) =>
  dense ? { border: 0, rowStride: width } : bordered(width);

/**
 * y [streams, N, 1, H, W] (bordered, unless dense): every image of a and b [N, H, W] less its mean, over its deviation.
 * For one stream give the same tensor as a and b.
 */
export const standardizeForward = defineKernel({
  name: 'standardize.forward',
  shader,
  outputs: ({ a }: Record<'a' | 'b', TensorSpec>, attributes: Attributes) => {
    const [images, height, width] = a.shape;
    const layout = attributes.dense ? undefined : bordered(width);
    return { y: f32([attributes.streams, images, 1, height, width], layout) };
  },
  params: ({ a }, attributes) => {
    const [images, height, width] = a.shape;
    const { border, rowStride } = layoutFor(width, attributes);
    return { images, height, width, border, row_stride: rowStride };
  },
  workgroups: ({ a }, { streams }) => [a.shape[0], streams, 1],
  flops: ({ a }, { streams }) => size(a.shape) * streams * 6,
});
