/** Parts of losses that systems bring along, composed of operations over a batch. */
import { cdist } from '../tape/operations/cdist';
import { crossEntropy as crossEntropyLoss } from '../tape/operations/cross_entropy';
import { add, affine, clip, div, mul, square, sub } from '../tape/operations/elementwise';
import { gemm } from '../tape/operations/gemm';
import { normalize } from '../tape/operations/normalize';
import { max, mean as meanOf, min, sum } from '../tape/operations/reduce';
import { relu } from '../tape/operations/relu';
import type { Value } from '../tape/value';
import type { Pass } from './module';

export const crossEntropy = ({ tape }: Pass, x: Value, labels: Value): Value =>
  tape.apply(crossEntropyLoss, { x, labels }, {}).loss;

/** scale x + shift. */
export const linearOf = ({ tape }: Pass, x: Value, scale: number, shift = 0): Value =>
  tape.apply(affine, { x }, { scale, shift }).y;

/** a + weight b. */
export const plus = (pass: Pass, a: Value, b: Value, weight: number): Value =>
  pass.tape.apply(add, { a, b: linearOf(pass, b, weight) }, undefined).y;

export const minus = ({ tape }: Pass, a: Value, b: Value): Value =>
  tape.apply(sub, { a, b }, undefined).y;

export const times = ({ tape }: Pass, a: Value, b: Value): Value =>
  tape.apply(mul, { a, b }, undefined).y;

export const mean = ({ tape }: Pass, x: Value): Value => tape.apply(meanOf, { x }, {}).y;

/** The mean of max(0, x)^2, or of max(0, x). */
export function hinge(pass: Pass, x: Value, squared: boolean): Value {
  const { y } = pass.tape.apply(relu, { x });
  return mean(pass, squared ? pass.tape.apply(square, { x: y }, undefined).y : y);
}

/** Rows of length 1. */
export const unit = ({ tape }: Pass, x: Value): Value => tape.apply(normalize, { x }, {}).y;

/** a b^T. */
export const rowProducts = ({ tape }: Pass, a: Value, b: Value): Value =>
  tape.apply(gemm, { a, b }, { transB: true }).y;

/** All distances in a batch, [N, N], and 1 where two samples are of one class. */
export function pairs(pass: Pass, embedding: Value, onehot: Value) {
  const rows = unit(pass, embedding);
  const { y: distances } = pass.tape.apply(cdist, { a: rows, b: rows }, {});
  return { distances, same: rowProducts(pass, onehot, onehot) };
}

/** For every sample the distances to the farthest of its class and the nearest of another, [N] (batch-hard). */
export function hardest(pass: Pass, embedding: Value, onehot: Value) {
  const { distances, same } = pairs(pass, embedding, onehot);
  const axes = 1;
  const { y: positive } = pass.tape.apply(max, { x: times(pass, distances, same) }, { axes });
  // Rows of length 1 are at most 2 apart.
  const others = plus(pass, distances, same, 4);
  const { y: negative } = pass.tape.apply(min, { x: others }, { axes });
  return { positive, negative };
}

/** For every sample the mean distances to the others of its class and to those of another, [N]. */
export function averages(pass: Pass, embedding: Value, onehot: Value) {
  const { tape } = pass;
  const { distances, same } = pairs(pass, embedding, onehot);
  const total = (x: Value) => tape.apply(sum, { x }, { axes: 1 }).y;
  const over = (a: Value, count: Value) =>
    tape.apply(div, { a, b: tape.apply(clip, { x: count }, { min: 1 }).y }, undefined).y;
  const within = total(times(pass, distances, same)); // a sample is at 0 from itself
  const count = total(same);
  return {
    positive: over(within, linearOf(pass, count, 1, -1)),
    negative: over(
      minus(pass, total(distances), within),
      linearOf(pass, count, -1, distances.shape[0]),
    ),
  };
}
