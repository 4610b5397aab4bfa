import { focalLoss as kernel, type FocalLossAttributes } from '../../kernels/focal_loss';
import type { Tape } from '../tape';
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
