import shader from '../../shaders/standardize/forward.wgsl';
import { bordered, defineKernel, f32, size, type TensorSpec } from './kernel';

/**
 * y [streams, N, 1, H, W] (bordered): every image of a and b [N, H, W] less its mean, over its deviation.
 * For one stream give the same tensor as a and b.
 */
export const standardizeForward = defineKernel({
  name: 'standardize.forward',
  shader,
  outputs: ({ a }: Record<'a' | 'b', TensorSpec>, { streams }: { streams: 1 | 2 }) => {
    const [images, height, width] = a.shape;
    return { y: f32([streams, images, 1, height, width], bordered(width)) };
  },
  params: ({ a }) => {
    const [images, height, width] = a.shape;
    const { border, rowStride } = bordered(width);
    return { images, height, width, border, row_stride: rowStride };
  },
  workgroups: ({ a }, { streams }) => [a.shape[0], streams, 1],
  flops: ({ a }, { streams }) => size(a.shape) * streams * 6,
});
