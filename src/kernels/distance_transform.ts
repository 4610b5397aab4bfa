import chamferShader from '../../shaders/distance_transform/chamfer.wgsl';
import columnsShader from '../../shaders/distance_transform/columns.wgsl';
import euclideanShader from '../../shaders/distance_transform/euclidean.wgsl';
import nearestShader from '../../shaders/distance_transform/nearest.wgsl';
import sweepsShader from '../../shaders/distance_transform/sweeps.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, storageSize, u32, type TensorSpec } from './kernel';

export type ChamferMask = '3-4' | '5-7-11' | '1-1';

/** Costs of a step aside, a diagonal one and a knight's move. Masks without one pay it in two steps. */
export const CHAMFER_MASKS: Record<
  ChamferMask,
  { side: number; diagonal: number; knight: number }
> = {
  '3-4': { side: 3, diagonal: 4, knight: 7 },
  '5-7-11': { side: 5, diagonal: 7, knight: 11 },
  '1-1': { side: 1, diagonal: 1, knight: 2 },
};

/** Distance to the nearest edge pixel (edges != 0) in the same column. */
export const distanceTransformColumns = defineKernel({
  name: 'distance_transform.columns',
  shader: columnsShader,
  outputs({ edges }: Record<'edges', TensorSpec>) {
    if (edges.shape.length !== 3 || edges.layout) {
      throw new FacegradError(
        'bad-input',
        `distance_transform takes dense [N, H, W], not [${edges.shape}]`,
      );
    }
    return { vertical: u32(edges.shape) };
  },
  params: ({ edges }) => ({
    images: edges.shape[0],
    height: edges.shape[1],
    width: edges.shape[2],
  }),
  workgroups: ({ edges }) => linear(edges.shape[0] * edges.shape[2], 64),
});

export interface EuclideanAttributes {
  squared?: boolean;
  /** Height and width of a pixel (scipy's `sampling`); default 1 and 1. */
  sampling?: readonly [y: number, x: number];
}

/** Exact Euclidean distance, or its square, from the distances within columns. */
export const distanceTransformEuclidean = defineKernel({
  name: 'distance_transform.euclidean',
  shader: euclideanShader,
  outputs: ({ vertical }: Record<'vertical', TensorSpec>, { sampling }: EuclideanAttributes) => {
    if (sampling && !(sampling.length === 2 && sampling.every((n) => n > 0 && n < 1e15))) {
      throw new FacegradError(
        'bad-input',
        `sampling is the height and width of a pixel, not [${sampling}]`,
        { operation: 'distance_transform', available: sampling },
      );
    }
    return { distance: f32(vertical.shape) };
  },
  params: ({ vertical }, { squared, sampling = [1, 1] }) => ({
    length: storageSize(vertical),
    height: vertical.shape[1],
    width: vertical.shape[2],
    squared: squared ? 1 : 0,
    step_y: sampling[0],
    step_x: sampling[1],
  }),
  overrides: (_, { sampling }) => ({ SAMPLED: Number(sampling?.some((n) => n !== 1) ?? false) }),
  workgroups: ({ vertical }) => linear(storageSize(vertical), 64),
});

/** Chamfer distance in pixels, from the distances within columns. */
export const distanceTransformChamfer = defineKernel({
  name: 'distance_transform.chamfer',
  shader: chamferShader,
  outputs: ({ vertical }: Record<'vertical', TensorSpec>, _: { mask: ChamferMask }) => ({
    distance: f32(vertical.shape),
  }),
  params: ({ vertical }, { mask }) => ({
    length: storageSize(vertical),
    width: vertical.shape[2],
    ...CHAMFER_MASKS[mask],
  }),
  workgroups: ({ vertical }) => linear(storageSize(vertical), 64),
});

/** Number y * W + x of the nearest edge pixel, u32; the least of equals, 0xffffffff without edges. */
export const distanceTransformNearest = defineKernel({
  name: 'distance_transform.nearest',
  shader: nearestShader,
  outputs: ({ edges }: Record<'edges' | 'vertical', TensorSpec>) => ({ index: u32(edges.shape) }),
  params: ({ edges }) => ({
    length: storageSize(edges),
    height: edges.shape[1],
    width: edges.shape[2],
  }),
  workgroups: ({ edges }) => linear(storageSize(edges), 64),
});

/** Chamfer distance times `scale`, for any mask f32 [3, 3] or [5, 5] of costs around a pixel. */
export const distanceTransformSweeps = defineKernel({
  name: 'distance_transform.sweeps',
  shader: sweepsShader,
  outputs: ({ edges, mask }: Record<'edges' | 'mask', TensorSpec>, _: { scale?: number }) => {
    const square = mask.shape.join() === '3,3' || mask.shape.join() === '5,5';
    if (edges.shape.length !== 3 || edges.layout || !square) {
      throw new FacegradError(
        'bad-input',
        `chamfer: edges [N, H, W] and a mask [3, 3] or [5, 5], not [${edges.shape}] and [${mask.shape}]`,
        { operation: 'distance_transform.sweeps', available: [edges.shape, mask.shape] },
      );
    }
    return { distance: f32(edges.shape) };
  },
  params: ({ edges, mask }, { scale }) => ({
    height: edges.shape[1],
    width: edges.shape[2],
    side: mask.shape[0],
    scale: scale ?? 1,
  }),
  workgroups: ({ edges }) => [edges.shape[0], 1, 1],
});
