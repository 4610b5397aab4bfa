import { gatherForward, segmentSum as segmentSumKernel } from '../../kernels/gather';
import { defineOperation } from '../tape';
import type { Value } from '../value';

/** Rows of x along an axis, picked by number: y = x[indices]. Its gradient is the segment sum. */
export const gather = defineOperation({
  name: 'gather',
  forward(tape, { x, indices }: Record<'x' | 'indices', Value>, { axis = 0 }: { axis?: number }) {
    return tape.dispatch(gatherForward, { x, indices }, { axis });
  },
  backward(tape, { inputs: { x, indices }, attributes: { axis = 0 }, dy }) {
    if (!tape.needsGradient(x)) return {};
    return {
      x: tape.dispatch(
        segmentSumKernel,
        { x: dy.y!, segments: indices, y: tape.destination(x) },
        { axis, count: x.shape[axis] },
      ).y,
    };
  },
});

/** Rows of x along an axis, added up by segment. Its gradient picks the segment's for every row. */
export const segmentSum = defineOperation({
  name: 'segment_sum',
  forward(
    tape,
    { x, segments }: Record<'x' | 'segments', Value>,
    { axis = 0, count }: { axis?: number; count: number },
  ) {
    return tape.dispatch(segmentSumKernel, { x, segments }, { axis, count });
  },
  backward(tape, { inputs: { x, segments }, attributes: { axis = 0 }, dy }) {
    if (!tape.needsGradient(x)) return {};
    return {
      x: tape.dispatch(
        gatherForward,
        { x: dy.y!, indices: segments, y: tape.destination(x) },
        { axis },
      ).y,
    };
  },
});
