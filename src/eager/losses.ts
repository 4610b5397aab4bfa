/** Losses, and what losses on embeddings are made of. */
import * as cdists from '../tape/operations/cdist';
import * as crossEntropies from '../tape/operations/cross_entropy';
import * as embeddings from '../tape/operations/embedding_losses';
import * as focalLosses from '../tape/operations/focal_loss_term';
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
export const focalLoss = /* @__PURE__ */ eager(focalLosses.focalLoss, {
  logits: 'f32',
  labels: 'u32',
  alpha: 'f32?',
});
export const centerLoss = /* @__PURE__ */ eager(embeddings.centerLoss, {
  features: 'f32',
  labels: 'u32',
  centers: 'f32',
});
export const contrastiveLoss = /* @__PURE__ */ eager(embeddings.contrastiveLoss, {
  a: 'f32',
  b: 'f32',
  same: 'f32',
});
export const tripletLoss = /* @__PURE__ */ eager(embeddings.tripletLoss, {
  anchor: 'f32',
  positive: 'f32',
  negative: 'f32',
});
export const cdist = /* @__PURE__ */ eager(cdists.cdist, { a: 'f32', b: 'f32' });
export const normalize = /* @__PURE__ */ eager(normalizes.normalize, { x: 'f32' });
export const gather = /* @__PURE__ */ eager(gathers.gather, { x: 'f32', indices: 'u32' });
export const segmentSum = /* @__PURE__ */ eager(gathers.segmentSum, { x: 'f32', segments: 'u32' });
