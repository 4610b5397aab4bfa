import { Branches, conv } from '../blocks';
import { AdaptiveAvgPool2d, Dropout, Flatten, Linear, MaxPool2d } from '../layers';
import { Sequential, type Module } from '../module';
import { refuseSetting } from '../network';
import { checkWidths } from './stream';
import { defineSystem } from './system';

/** Inception block: 1x1, 3x3 and 5x5 behind 1x1, and a pool, a quarter of the channels each. */
const inception = (inChannels: number, outChannels: number): Module => {
  const quarter = outChannels / 4;
  const narrow = () => conv(inChannels, quarter, 1);
  return new Branches(
    narrow(),
    [...narrow(), ...conv(quarter, quarter, 3)],
    [...narrow(), ...conv(quarter, quarter, 5)],
    [new MaxPool2d(3, { stride: 1, padding: 1 }), ...narrow()],
  );
};

/** GoogLeNet for 48 pixels: a convolution, then two inception blocks between pools. */
export const googlenet = defineSystem({
  name: 'googlenet',
  about: 'inception blocks: windows of several sizes side by side (GoogLeNet)',
  defaults: { size: 48, widths: [16, 32, 64, 128], dropout: 0.3 },
  check(config) {
    checkWidths(config);
    const odd = config.widths.find((width) => width % 4 !== 0);
    if (odd !== undefined) refuseSetting('widths must be multiples of 4', config.widths);
  },
  build: ({ widths: [first, ...rest], dropout, classes }) =>
    new Sequential(
      ...conv(1, first, 5),
      new MaxPool2d(2),
      ...rest.flatMap((width, i) => [
        inception(i === 0 ? first : rest[i - 1], width),
        inception(width, width),
        new MaxPool2d(2),
      ]),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
      new Dropout(dropout),
      new Linear(rest.at(-1) ?? first, classes.length),
    ),
});
