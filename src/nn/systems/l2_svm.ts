import type { Value } from '../../tape/value';
import { hinge, linearOf, times } from '../losses';
import type { Output, Pass } from '../module';
import { checkWidths, streamDefaults, StreamNetwork, type StreamConfig } from './stream';
import { defineSystem } from './system';

/** Every class against the rest: sum of max(0, 1 - t z)^2, t = +-1. @param logits [N, classes] */
export function l2SvmLoss(pass: Pass, logits: Value, onehot: Value): Value {
  const margins = times(pass, logits, linearOf(pass, onehot, -2, 1)); // -t z
  const each = hinge(pass, linearOf(pass, margins, 1, 1), true);
  return linearOf(pass, each, logits.shape[1]);
}

/** Tang's winner of 2013: support vector machines in the place of softmax. */
class L2Svm extends StreamNetwork {
  override loss(pass: Pass, { logits }: Output, _: Value, onehot: Value): Value {
    return l2SvmLoss(pass, logits, onehot);
  }
}

export const l2Svm = defineSystem({
  name: 'l2-svm',
  about: 'one stream and the squared hinge loss of a support vector machine',
  defaults: { ...streamDefaults, streams: ['equalized'] },
  check: checkWidths,
  build: (config: StreamConfig) => new L2Svm(config),
});
