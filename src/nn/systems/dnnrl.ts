import { softplus } from '../../tape/operations/elementwise';
import { focalLoss } from '../../tape/operations/focal_loss_term';
import type { Value } from '../../tape/value';
import { averages, linearOf, mean, minus, plus, unit } from '../losses';
import type { Output, Pass } from '../module';
import { checkWidths, streamDefaults, StreamNetwork, type StreamConfig } from './stream';
import { defineSystem } from './system';

const defaults = {
  ...streamDefaults,
  streams: ['raw' as const],
  weight: 0.3,
  sharpness: 5,
  gamma: 1,
};

/**
 * DNNRL (Guo 2016): relative distances in triplets, ln(1 + exp(s (near - far))), beside the classes; hard samples weigh more.
 * Its inception layers, sizes and optimizer could not be found out: the stream stands for them. `near` and `far` are the
 * mean distances to one's own class and to the others: with the hardest of a batch in their place everything fell
 * together into one point, whatever the rate, and nothing was learnt.
 */
class Dnnrl extends StreamNetwork<StreamConfig & typeof defaults> {
  override forward(pass: Pass, x: Value): Output {
    const embedding = unit(pass, this.features.forward(pass, x));
    return { logits: this.classifier.forward(pass, embedding), embedding };
  }

  override loss(pass: Pass, { logits, embedding }: Output, labels: Value, onehot: Value): Value {
    const { weight, sharpness, gamma } = this.config;
    const { positive, negative } = averages(pass, embedding!, onehot);
    const x = linearOf(pass, minus(pass, positive, negative), sharpness);
    const relative = mean(pass, pass.tape.apply(softplus, { x }, undefined).y);
    const { loss } = pass.tape.apply(focalLoss, { logits, labels }, { gamma });
    return plus(pass, loss, relative, weight);
  }
}

export const dnnrl = defineSystem({
  name: 'dnnrl',
  about: 'one stream, classes and relative distances of triplets (DNNRL)',
  defaults,
  check: checkWidths,
  build: (config) => new Dnnrl(config),
});
