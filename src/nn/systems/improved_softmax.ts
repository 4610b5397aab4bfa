import type { Value } from '../../tape/value';
import { uniform } from '../init';
import { crossEntropy, linearOf, plus, rowProducts, unit } from '../losses';
import { Module, Parameter, type Output, type Pass } from '../module';
import { checkWidths, streamDefaults, StreamNetwork, type StreamConfig } from './stream';
import { defineSystem } from './system';

const defaults = { ...streamDefaults, streams: ['equalized' as const], scale: 16, margin: 0.2 };

/** s times the cosine between a feature and the vector of each class. */
class Cosine extends Module {
  readonly weight: Parameter;

  constructor(
    features: number,
    classes: number,
    readonly scale: number,
  ) {
    super();
    this.weight = new Parameter([classes, features], uniform(1 / Math.sqrt(features)));
  }

  forward(pass: Pass, x: Value): Value {
    const cosines = rowProducts(pass, unit(pass, x), unit(pass, this.weight.value));
    return linearOf(pass, cosines, this.scale);
  }
}

/**
 * CNN + Improve_Softmax of the paper's table 4: softmax of cosines, which the true class must win by a margin. Backbone, s
 * and m could not be found out.
 */
class ImprovedSoftmax extends StreamNetwork<StreamConfig & typeof defaults> {
  constructor(config: StreamConfig & typeof defaults) {
    super(config, new Cosine(config.embedding, config.classes.length, config.scale));
  }

  override loss(pass: Pass, { logits }: Output, labels: Value, onehot: Value): Value {
    const { scale, margin } = this.config;
    return crossEntropy(pass, plus(pass, logits, onehot, -scale * margin), labels);
  }
}

export const improvedSoftmax = defineSystem({
  name: 'improved-softmax',
  about: 'one stream and softmax of cosines with a margin (CNN + Improve_Softmax)',
  defaults,
  check: checkWidths,
  build: (config) => new ImprovedSoftmax(config),
});
