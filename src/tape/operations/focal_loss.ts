import { crossEntropyReduce, type Reduction } from '../../kernels/cross_entropy';
import {
  focalLossScale,
  focalLoss as kernel,
  type FocalLossAttributes,
} from '../../kernels/focal_loss';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/**
 * The loss of a step: dispatches loss and gradient together, and seeds the gradient of the logits, so
 * that `tape.backward()` can follow. The sum of `loss` is the mean over the labelled samples.
 */
export function focalLoss(
  tape: Tape,
  { logits, labels, alpha }: Record<'logits' | 'labels' | 'alpha', Value>,
  attributes: FocalLossAttributes,
): { loss: Value } {
  const { loss, dlogits } = tape.dispatch(kernel, { logits, labels, alpha }, attributes);
  if (tape.needsGradient(logits)) tape.seed(logits, dlogits);
  return { loss };
}

export interface Inputs {
  /** [..., K] */
  logits: Value;
  /** u32 [...] */
  labels: Value;
  /** [K], by default all 1. */
  alpha?: Value;
}

export interface Attributes {
  /** Default 2; 0 is cross-entropy. */
  gamma?: number;
  smoothing?: number;
  /** `mean` (default) is over the labelled samples, whatever their alpha. */
  reduction?: Reduction;
}

/** The focal loss as a part of a larger one: with reductions, and a gradient that is taken times what comes. */
export const focalLossTerm = defineOperation({
  name: 'focal_loss',
  forward(tape, inputs: Inputs, { gamma = 2, smoothing, reduction = 'mean' }: Attributes) {
    const { logits, labels, alpha } = inputs;
    const { loss, dlogits } = tape.dispatch(
      kernel,
      { logits, labels, alpha: alpha ?? logits.standIn },
      { gamma, smoothing, mean: reduction === 'mean', hasAlpha: alpha !== undefined },
    );
    if (reduction === 'none') return { loss, dlogits };
    const { y } = tape.dispatch(crossEntropyReduce, { loss, share: loss }, { mean: false });
    return { loss: y, dlogits };
  },
  backward(tape, { inputs: { logits }, outputs: { dlogits }, attributes: { reduction }, dy }) {
    if (!tape.needsGradient(logits) || !dy.loss) return {};
    return {
      logits: tape.dispatch(
        focalLossScale,
        { dlogits, dy: dy.loss, dx: tape.destination(logits) },
        { reduced: reduction !== 'none' },
      ).dx,
    };
  },
});
