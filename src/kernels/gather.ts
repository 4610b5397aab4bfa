import forwardShader from '../../shaders/gather/forward.wgsl';
import segmentSumShader from '../../shaders/gather/segment_sum.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

/** x as [outer, rows, inner] around an axis. */
function around({ shape, layout }: TensorSpec, axis: number, axes = 1) {
  if (layout || axis < 0 || axis + axes > shape.length) {
    throw new FacegradError('bad-input', `axis ${axis} of [${shape}]`, {
      operation: 'gather',
      wanted: axis,
      available: shape,
    });
  }
  const outer = size(shape.slice(0, axis));
  return { outer, inner: size(shape.slice(axis + axes)), rows: shape[axis] };
}

/** x [.., K, ..] and indices u32 or i32 of any shape -> y [.., ...indices, ..], as ONNX's Gather. */
export const gatherForward = defineKernel({
  name: 'gather.forward',
  shader: forwardShader,
  outputs: ({ x, indices }: Record<'x' | 'indices', TensorSpec>, { axis }: { axis: number }) => {
    around(x, axis);
    const { shape } = x;
    return { y: f32([...shape.slice(0, axis), ...indices.shape, ...shape.slice(axis + 1)]) };
  },
  params: ({ x, indices }, { axis }) => {
    const { outer, inner, rows } = around(x, axis);
    const picks = size(indices.shape);
    return { length: outer * picks * inner, picks, rows, inner };
  },
  overrides: ({ indices }) => ({ SIGNED: Number(indices.dtype === 'i32') }),
  workgroups: ({ x, indices }, { axis }) => {
    const { outer, inner } = around(x, axis);
    return linear(outer * size(indices.shape) * inner, 64);
  },
});

export interface SegmentSumAttributes {
  axis: number;
  /** S: segments are 0 to S - 1. */
  count: number;
}

/** x [.., ...segments, ..] and segments u32 or i32 -> y [.., S, ..]: the gradient of `gatherForward`. */
export const segmentSum = defineKernel({
  name: 'gather.segment_sum',
  shader: segmentSumShader,
  outputs: (
    { x, segments }: Record<'x' | 'segments', TensorSpec>,
    { axis, count }: SegmentSumAttributes,
  ) => {
    const axes = segments.shape.length;
    around(x, axis, axes);
    const { shape } = x;
    if (shape.slice(axis, axis + axes).join() !== segments.shape.join()) {
      throw new FacegradError(
        'bad-input',
        `segment_sum: x [${shape}] does not match segments [${segments.shape}] at axis ${axis}`,
        { operation: 'segment_sum', wanted: segments.shape, available: shape },
      );
    }
    return { y: f32([...shape.slice(0, axis), count, ...shape.slice(axis + axes)]) };
  },
  params: ({ x, segments }, { axis, count }) => {
    const { outer, inner } = around(x, axis, segments.shape.length);
    const picks = size(segments.shape);
    return { length: outer * count * inner, picks, rows: count, inner };
  },
  overrides: ({ segments }) => ({ SIGNED: Number(segments.dtype === 'i32') }),
  workgroups: ({ x, segments }, { axis, count }) => {
    const { outer, inner } = around(x, axis, segments.shape.length);
    return linear(outer * count * inner, 64);
  },
});
