/** Losses, and what losses on embeddings are made of. */
import * as cdists from '../tape/operations/cdist';
import * as crossEntropies from '../tape/operations/cross_entropy';
import { focalLossTerm } from '../tape/operations/focal_loss';
import * as gathers from '../tape/operations/gather';
import * as normalizes from '../tape/operations/normalize';
import { eager } from './eager';

export const crossEntropy = /* @__PURE__ */ eager(crossEntropies.crossEntropy, {
  x: 'f32',
  labels: 'u32',
  weight: 'f32?',
});
export const nllLoss = /* @__PURE__ */ eager(crossEntropies.nllLoss, {
  x: 'f32',
  labels: 'u32',
  weight: 'f32?',
});
export const focalLoss = /* @__PURE__ */ eager(focalLossTerm, {
  logits: 'f32',
  labels: 'u32',
  alpha: 'f32?',
});
export const cdist = /* @__PURE__ */ eager(cdists.cdist, { a: 'f32', b: 'f32' });
export const normalize = /* @__PURE__ */ eager(normalizes.normalize, { x: 'f32' });
export const gather = /* @__PURE__ */ eager(gathers.gather, { x: 'f32', indices: 'u32' });
export const segmentSum = /* @__PURE__ */ eager(gathers.segmentSum, { x: 'f32', segments: 'u32' });
