import type { Value } from '../../tape/value';
import { crossEntropy, hardest, hinge, linearOf, minus, plus } from '../losses';
import type { Output, Pass } from '../module';
import { checkWidths, streamDefaults, StreamNetwork, type StreamConfig } from './stream';
import { defineSystem } from './system';

const defaults = { ...streamDefaults, streams: ['equalized' as const], weight: 0.3, margin: 0.2 };

/** The farthest of one's class must be nearer than the nearest of another by a margin (Schroff 2015; batch-hard: Hermans 2017). */
class Triplet extends StreamNetwork<StreamConfig & typeof defaults> {
  override loss(pass: Pass, { logits, embedding }: Output, labels: Value, onehot: Value): Value {
    const { positive, negative } = hardest(pass, embedding!, onehot);
    const missing = linearOf(pass, minus(pass, positive, negative), 1, this.config.margin);
    const triplets = hinge(pass, missing, false);
    return plus(pass, crossEntropy(pass, logits, labels), triplets, this.config.weight);
  }
}

export const triplet = defineSystem({
  name: 'triplet',
  about: 'one stream, cross-entropy and the triplet loss of the hardest in a batch',
  defaults,
  check: checkWidths,
  build: (config) => new Triplet(config),
});
