/** Losses on embeddings, composed of operations: add them to a classification loss, or train by them alone. */
import { cdist } from './cdist';
import { add, affine, mul, square, sub } from './elementwise';
import { gather } from './gather';
import { mean } from './reduce';
import { relu } from './relu';
import { reshape } from './reshape';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** PyTorch's pairwise_distance adds it to every difference, so that equal rows have a slope. */
const EPSILON = 1e-6;

/** Distances of rows one to one, a and b [N, K] -> [N]: every row is a batch of its own. */
function rowDistances(tape: Tape, a: Value, b: Value, squared: boolean): Value {
  const [rows, features] = a.shape;
  const alone = (x: Value) => tape.apply(reshape, { x }, { shape: [rows, 1, features] }).y;
  const epsilon = squared ? 0 : EPSILON;
  const { y } = tape.apply(cdist, { a: alone(a), b: alone(b) }, { squared, epsilon });
  return tape.apply(reshape, { x: y }, { shape: [rows] }).y;
}

/**
 * Center loss (Wen et al. 2016): half the mean squared distance of features [N, K] from the center of their
 * class, centers [classes, K]. Every sample needs a label, u32 [N]. Its gradient also moves the centers.
 */
export const centerLoss = defineOperation({
  name: 'center_loss',
  composite: true,
  forward(tape, { features, labels, centers }: Record<'features' | 'labels' | 'centers', Value>) {
    const { y: own } = tape.apply(gather, { x: centers, indices: labels }, { axis: 0 });
    const distances = rowDistances(tape, features, own, true);
    const { y } = tape.apply(mean, { x: distances }, {});
    return { loss: tape.apply(affine, { x: y }, { scale: 0.5 }).y };
  },
});

/**
 * Contrastive loss (Hadsell et al. 2006) of pairs a and b [N, K]: the mean of d^2 where `same` (f32 [N]) is 1, of
 * max(0, margin - d)^2 where it is 0.
 */
export const contrastiveLoss = defineOperation({
  name: 'contrastive_loss',
  composite: true,
  forward(
    tape,
    { a, b, same }: Record<'a' | 'b' | 'same', Value>,
    { margin = 1 }: { margin?: number } = {},
  ) {
    const d = rowDistances(tape, a, b, false);
    const near = tape.apply(square, { x: d }).y;
    const missing = tape.apply(affine, { x: d }, { scale: -1, shift: margin }).y;
    const far = tape.apply(square, { x: tape.apply(relu, { x: missing }).y }).y;
    // same near + (1 - same) far = far + same (near - far)
    const difference = tape.apply(sub, { a: near, b: far }).y;
    const chosen = tape.apply(mul, { a: difference, b: same }).y;
    const each = tape.apply(add, { a: far, b: chosen }).y;
    return { loss: tape.apply(mean, { x: each }, {}).y };
  },
});

/**
 * Triplet loss (Schroff et al. 2015; PyTorch's triplet_margin_loss): the mean of
 * max(0, d(anchor, positive) - d(anchor, negative) + margin), all [N, K]. `squared` takes the squares of the distances.
 */
export const tripletLoss = defineOperation({
  name: 'triplet_loss',
  composite: true,
  forward(
    tape,
    { anchor, positive, negative }: Record<'anchor' | 'positive' | 'negative', Value>,
    { margin = 1, squared = false }: { margin?: number; squared?: boolean } = {},
  ) {
    const near = rowDistances(tape, anchor, positive, squared);
    const far = rowDistances(tape, anchor, negative, squared);
    const difference = tape.apply(sub, { a: near, b: far }).y;
    const hinge = tape.apply(affine, { x: difference }, { scale: 1, shift: margin }).y;
    return { loss: tape.apply(mean, { x: tape.apply(relu, { x: hinge }).y }, {}).y };
  },
});
