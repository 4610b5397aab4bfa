import { Dropout, Flatten, Linear } from '../layers';
import { Sequential } from '../module';
import { ConvBlock } from './cnn_lstm';
import { checkWidths } from './stream';
import { defineSystem } from './system';

/** SHCNN (Miao 2019): only three layers; 64-128-256 there, as far as it is known. */
export const shcnn = defineSystem({
  name: 'shcnn',
  about: 'a shallow network of three 5x5 convolutions (SHCNN)',
  defaults: { size: 48, widths: [24, 48, 96], dropout: 0.2 },
  check: checkWidths,
  build({ size, widths, dropout, classes }) {
    const side = Math.floor(size / 2 ** widths.length);
    return new Sequential(
      ...widths.flatMap((width, i) => [
        new ConvBlock(i === 0 ? 1 : widths[i - 1], width),
        new Dropout(dropout),
      ]),
      new Flatten(),
      new Linear(widths.at(-1)! * side * side, classes.length),
    );
  },
});
