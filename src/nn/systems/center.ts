import type { Value } from '../../tape/value';
import { centerLoss } from '../../tape/operations/embedding_losses';
import { zeros } from '../init';
import { crossEntropy, plus } from '../losses';
import { Parameter, type Output, type Pass } from '../module';
import { checkWidths, streamDefaults, StreamNetwork, type StreamConfig } from './stream';
import { defineSystem } from './system';

const defaults = { ...streamDefaults, streams: ['equalized' as const], weight: 0.005 };

/** Features near the center of their class, which moves with them (Wen 2016). */
class Center extends StreamNetwork<StreamConfig & typeof defaults> {
  readonly centers: Parameter;

  constructor(config: StreamConfig & typeof defaults) {
    super(config);
    this.centers = new Parameter([config.classes.length, config.embedding], zeros);
  }

  override loss(pass: Pass, { logits, embedding }: Output, labels: Value): Value {
    const inputs = { features: embedding!, labels, centers: this.centers.value };
    const { loss } = pass.tape.apply(centerLoss, inputs);
    return plus(pass, crossEntropy(pass, logits, labels), loss, this.config.weight);
  }
}

export const center = defineSystem({
  name: 'center',
  about: 'one stream, cross-entropy and the center loss',
  defaults,
  check: checkWidths,
  build: (config) => new Center(config),
});
