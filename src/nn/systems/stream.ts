import { Classified } from '../blocks';
import { Dropout, Flatten, Linear, ReLU } from '../layers';
import { Sequential, type Module } from '../module';
import { refuseSetting, type NetworkConfig } from '../network';
import { ConvBlock } from './cnn_lstm';
import { defineSystem } from './system';

export const streamDefaults = {
  size: 48,
  /** Output channels of the convolution blocks. */
  widths: [16, 32, 64, 96, 128],
  dense: 256,
  /** Features behind the dense layer, which the classes are told from. */
  embedding: 128,
  dropout: 0.2,
};

export type StreamConfig = NetworkConfig & typeof streamDefaults;

/** The paper's stream by itself: convolution blocks, dense, ReLU, dropout, embedding; then the classes. */
export class StreamNetwork<C extends StreamConfig = StreamConfig> extends Classified {
  constructor(
    readonly config: C,
    classifier: Module = new Linear(config.embedding, config.classes.length),
  ) {
    const { size, widths, dense, embedding, dropout } = config;
    const side = Math.floor(size / 2 ** widths.length);
    const features = new Sequential(
      ...widths.map((width, i) => new ConvBlock(i === 0 ? 1 : widths[i - 1], width)),
      new Flatten(),
      new Linear(widths.at(-1)! * side * side, dense),
      new ReLU(),
      new Dropout(dropout),
      new Linear(dense, embedding),
    );
    super(features, classifier);
  }
}

export function checkWidths({ widths, size }: Pick<StreamConfig, 'widths' | 'size'>): void {
  const whole = (n: unknown) => Number.isInteger(n) && (n as number) > 0;
  if (!Array.isArray(widths) || widths.length < 1 || !widths.every(whole)) {
    refuseSetting('widths must list the channels of at least one stage', widths);
  }
  if (Math.floor(size / 2 ** widths.length) < 1) {
    refuseSetting(`${widths.length} pools leave nothing of ${size}x${size} pixels`, widths);
  }
}

export const stream = defineSystem({
  name: 'stream',
  about: "one of the paper's streams, with the configured focal loss",
  defaults: { ...streamDefaults, streams: ['equalized'] },
  check: checkWidths,
  build: (config) => new StreamNetwork(config),
});
