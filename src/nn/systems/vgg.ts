import { conv } from '../blocks';
import { AdaptiveAvgPool2d, Dropout, Flatten, Linear, MaxPool2d } from '../layers';
import { Sequential } from '../module';
import { checkWidths } from './stream';
import { defineSystem } from './system';

/** VGG for 48 pixels (Khaireddin 2021 has 64-128-256-512 and two dense layers of 4,096). */
export const vgg = defineSystem({
  name: 'vgg',
  about: 'pairs of 3x3 convolutions between pools (VGG)',
  defaults: { size: 48, widths: [16, 32, 64, 128], dropout: 0.3 },
  check: checkWidths,
  build: ({ widths, dropout, classes }) =>
    new Sequential(
      ...widths.flatMap((width, i) => [
        ...conv(i === 0 ? 1 : widths[i - 1], width, 3),
        ...conv(width, width, 3),
        new MaxPool2d(2),
      ]),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
      new Dropout(dropout),
      new Linear(widths.at(-1)!, classes.length),
    ),
});
