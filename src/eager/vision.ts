/** Operations on pictures, without gradients. */
import * as distances from '../tape/operations/distance_transform';
import * as equalizations from '../tape/operations/equalization';
import { eager } from './eager';

export const distanceTransform = /* @__PURE__ */ eager(distances.distanceTransform, {
  edges: 'u32',
});
export const nearestEdge = /* @__PURE__ */ eager(distances.nearestEdge, { edges: 'u32' });
export const chamferTransform = /* @__PURE__ */ eager(distances.chamferTransform, {
  edges: 'u32',
  mask: 'f32?',
});
export const equalize = /* @__PURE__ */ eager(equalizations.equalize, {
  x: 'f32',
  mask: 'u32?',
});
export const clahe = /* @__PURE__ */ eager(equalizations.clahe, { x: 'f32' });
export const equalizeAdapthist = /* @__PURE__ */ eager(equalizations.equalizeAdapthist, {
  x: 'f32',
});
