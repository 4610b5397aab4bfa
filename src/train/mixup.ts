/**
 * mixup (Zhang et al. 2018, https://arxiv.org/abs/1710.09412): every sample becomes a blend of itself and the next one of
 * the batch, and so does its loss. The pictures are blended before preprocessing.
 */
import type { FocalLossAttributes } from '../kernels/focal_loss';
import { u32 } from '../kernels/kernel';
import { randomUniform } from '../kernels/random';
import { add, mul, sub } from '../tape/operations/elementwise';
import { focalLoss } from '../tape/operations/focal_loss_term';
import { gather } from '../tape/operations/gather';
import type { Tape } from '../tape/tape';
import { constant, type Value } from '../tape/value';

const MIXUP = 1002; // number of the random stream, beside those of batches.ts

/**
 * What a sample keeps of itself in a step: the larger of two shares from Beta(alpha, alpha), so that its own label leads.
 * A function of (seed, step) alone. Jöhnk's method.
 * @param alpha in (0, 1]
 */
export function mixupShare(seed: number, step: number, alpha: number): number {
  for (let i = 0; ; i += 2) {
    const a = randomUniform(seed, step, MIXUP, i) ** (1 / alpha);
    const b = randomUniform(seed, step, MIXUP, i + 1) ** (1 / alpha);
    if (a + b > 0 && a + b <= 1) return Math.max(a, b) / (a + b);
  }
}

/** share a + (1 - share) b. */
const blend = (tape: Tape, a: Value, b: Value, share: Value): Value => {
  const { y: apart } = tape.apply(sub, { a, b }, undefined);
  const { y: kept } = tape.apply(mul, { a: apart, b: share }, undefined);
  return tape.apply(add, { a: kept, b }, undefined).y;
};

/** @param images f32 [frames * samples, size, size], each blended with the same frame of the next sample */
export function mixPictures(tape: Tape, images: Value, samples: number, share: Value): Value {
  const next = Uint32Array.from({ length: images.shape[0] }, (_, i) => {
    const n = i % samples;
    return i - n + ((n + 1) % samples);
  });
  const indices = constant('next samples', u32([next.length]), next);
  return blend(tape, images, tape.apply(gather, { x: images, indices }, {}).y, share);
}

/** The batch's mean loss, a scalar, for its own labels and the next samples'. */
export function mixedLoss(
  tape: Tape,
  {
    logits,
    labels,
    nextLabels,
    alpha,
    share,
  }: Record<'logits' | 'labels' | 'nextLabels' | 'alpha' | 'share', Value>,
  attributes: FocalLossAttributes,
): Value {
  const of = (labels: Value) => tape.apply(focalLoss, { logits, labels, alpha }, attributes).loss;
  return blend(tape, of(labels), of(nextLabels), share);
}
