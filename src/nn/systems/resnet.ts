import { conv, Residual } from '../blocks';
import { AdaptiveAvgPool2d, Flatten, Linear, ReLU } from '../layers';
import { Sequential, type Module } from '../module';
import { checkWidths } from './stream';
import { defineSystem } from './system';

const block = (inChannels: number, channels: number, stride: number): Module => {
  const body = [
    ...conv(inChannels, channels, 3, { stride }),
    ...conv(channels, channels, 3).slice(0, -1),
  ];
  const same = stride === 1 && inChannels === channels;
  const shortcut = same ? undefined : conv(inChannels, channels, 1, { stride }).slice(0, -1);
  return new Residual(body, shortcut, new ReLU());
};

/** ResNet18 (He 2016) for 48 pixels: the first convolution is 3x3 and there is no pool; 64-128-256-512 at full width. */
export const resnet = defineSystem({
  name: 'resnet',
  about: 'two residual blocks of 3x3 convolutions a stage (ResNet18)',
  defaults: { size: 48, widths: [16, 32, 64, 128] },
  check: checkWidths,
  build: ({ widths, classes }) =>
    new Sequential(
      ...conv(1, widths[0], 3),
      ...widths.flatMap((width, i) => [
        block(i === 0 ? width : widths[i - 1], width, i === 0 ? 1 : 2),
        block(width, width, 1),
      ]),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
      new Linear(widths.at(-1)!, classes.length),
    ),
});
