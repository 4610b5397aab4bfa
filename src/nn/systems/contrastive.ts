import type { Value } from '../../tape/value';
import { square } from '../../tape/operations/elementwise';
import { crossEntropy, hinge, linearOf, mean, minus, pairs, plus, times } from '../losses';
import type { Output, Pass } from '../module';
import { checkWidths, streamDefaults, StreamNetwork, type StreamConfig } from './stream';
import { defineSystem } from './system';

const defaults = { ...streamDefaults, streams: ['equalized' as const], weight: 0.3, margin: 1 };

/** All pairs of a batch: those of one class together, others at least a margin apart (Hadsell 2006). */
class Contrastive extends StreamNetwork<StreamConfig & typeof defaults> {
  override loss(pass: Pass, { logits, embedding }: Output, labels: Value, onehot: Value): Value {
    const { distances, same } = pairs(pass, embedding!, onehot);
    const squares = pass.tape.apply(square, { x: distances }, undefined).y;
    const near = mean(pass, times(pass, squares, same));
    // Those of one class are moved out of the margin's reach: 2 same is more than any margin up to 2.
    const missing = linearOf(pass, distances, -1, this.config.margin);
    const far = hinge(pass, minus(pass, missing, linearOf(pass, same, 2)), true);
    const both = plus(pass, near, far, 1);
    return plus(pass, crossEntropy(pass, logits, labels), both, this.config.weight);
  }
}

export const contrastive = defineSystem({
  name: 'contrastive',
  about: 'one stream, cross-entropy and the contrastive loss of all pairs in a batch',
  defaults,
  check: checkWidths,
  build: (config) => new Contrastive(config),
});
