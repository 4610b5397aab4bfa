import cropShader from '../../shaders/resize/crop.wgsl';
import forwardShader from '../../shaders/resize/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, type TensorSpec } from './kernel';

export interface ResizeAttributes {
  /** Size of the output. */
  width: number;
  height: number;
}

/** Fixed point in 32 bits holds sources and outputs up to these sizes. */
const MAX_SOURCE = 4096;
const MAX_SIZE = 512;

/** y [N, height, width]: images x [N, h, w] resized bilinearly and rounded to whole grey levels. */
export const resizeForward = defineKernel({
  name: 'resize.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>, { width, height }: ResizeAttributes) => ({
    y: f32([x.shape[0], height, width]),
  }),
  params: ({ x }, size) => resizeParams(x, x.shape[0], size),
  workgroups: ({ x }, { width, height }) => linear(x.shape[0] * width * height, 64),
});

/** y [N, height, width]: the boxes [N, 4] of images x [N, h, w], or all of the one image x [1, h, w]. */
export const resizeCrop = defineKernel({
  name: 'resize.crop',
  shader: cropShader,
  outputs: ({ boxes }: Record<'x' | 'boxes', TensorSpec>, { width, height }: ResizeAttributes) => ({
    y: f32([boxes.shape[0], height, width]),
  }),
  params: ({ x, boxes }, size) => ({
    images: x.shape[0],
    ...resizeParams(x, boxes.shape[0], size),
  }),
  workgroups: ({ boxes }, { width, height }) => linear(boxes.shape[0] * width * height, 64),
});

function resizeParams({ shape }: TensorSpec, count: number, { width, height }: ResizeAttributes) {
  const [, sourceHeight, sourceWidth] = shape;
  if (Math.max(sourceWidth, sourceHeight) > MAX_SOURCE || Math.max(width, height) > MAX_SIZE) {
    throw new FacegradError(
      'bad-input',
      `resize takes sources up to ${MAX_SOURCE} and outputs up to ${MAX_SIZE} pixels wide and high`,
      {
        operation: 'resize',
        wanted: [sourceWidth, sourceHeight, width, height],
        available: [MAX_SOURCE, MAX_SIZE],
      },
    );
  }
  return {
    source_width: sourceWidth,
    source_height: sourceHeight,
    width,
    height,
    length: count * width * height,
  };
}
