import {
  distanceTransformChamfer,
  distanceTransformColumns,
  distanceTransformEuclidean,
  distanceTransformNearest,
  distanceTransformSweeps,
  type ChamferMask,
  type EuclideanAttributes,
} from '../../kernels/distance_transform';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

type Edges = Record<'edges', Value>;

/** Exact Euclidean distance of every pixel to the nearest edge pixel (edges u32 [N, H, W], not 0), or its square. */
export const distanceTransform = defineOperation({
  name: 'distance_transform',
  forward(
    tape: Tape,
    { edges }: Edges,
    attributes: EuclideanAttributes = {},
  ): Record<'distance', Value> {
    const { vertical } = tape.dispatch(distanceTransformColumns, { edges });
    return tape.dispatch(distanceTransformEuclidean, { vertical }, attributes);
  },
});

/** Number y * W + x of the nearest edge pixel; the least of equals, 0xffffffff where there is none. */
export const nearestEdge = defineOperation({
  name: 'nearest_edge',
  forward(tape: Tape, { edges }: Edges, _: void): Record<'index', Value> {
    const { vertical } = tape.dispatch(distanceTransformColumns, { edges });
    return tape.dispatch(distanceTransformNearest, { edges, vertical });
  },
});

/**
 * Chamfer distance: by a mask of costs f32 [3, 3] or [5, 5], times `scale`; or, where none is given, by a known
 * one, in pixels.
 */
export const chamferTransform = defineOperation({
  name: 'chamfer_transform',
  forward(
    tape: Tape,
    { edges, mask }: Edges & { mask?: Value },
    { named = '3-4', scale }: { named?: ChamferMask; scale?: number } = {},
  ): Record<'distance', Value> {
    if (mask) return tape.dispatch(distanceTransformSweeps, { edges, mask }, { scale });
    const { vertical } = tape.dispatch(distanceTransformColumns, { edges });
    return tape.dispatch(distanceTransformChamfer, { vertical }, { mask: named });
  },
});
