import { Classified, conv, ReLU6, Residual } from '../blocks';
import { AdaptiveAvgPool2d, Dropout, Flatten, Linear } from '../layers';
import { Sequential, type Module } from '../module';
import { refuseSetting } from '../network';
import { defineSystem } from './system';

/** EfficientNet-lite0's stages at full width: expansion, channels, blocks, stride, window. */
const STAGES: [number, number, number, number, number][] = [
  [1, 16, 1, 1, 3],
  [6, 24, 2, 2, 3],
  [6, 40, 2, 2, 5],
  [6, 80, 3, 2, 3],
  [6, 112, 3, 1, 5],
  [6, 192, 4, 2, 5],
  [6, 320, 1, 1, 3],
];

/** Inverted residual: wider, each plane by itself, narrow again without an activation. */
function inverted(
  from: number,
  to: number,
  expand: number,
  stride: number,
  kernel: number,
): Module {
  const wide = from * expand;
  const body = [
    ...(expand === 1 ? [] : conv(from, wide, 1, {}, new ReLU6())),
    ...conv(wide, wide, kernel, { stride, groups: wide }, new ReLU6()),
    ...conv(wide, to, 1).slice(0, -1),
  ];
  return stride === 1 && from === to ? new Residual(body) : new Sequential(...body);
}

/** EfficientNet-lite0 (Google 2020; Ab Wahab 2021 has nearest neighbours behind it) for 48 pixels: the first stride is left out. */
export const efficientnetLite = defineSystem({
  name: 'efficientnet-lite',
  about: 'inverted residual blocks with activations from 0 to 6 (EfficientNet-lite)',
  defaults: { size: 48, width: 0.25, stages: STAGES.length, dropout: 0.2 },
  check({ width, stages }) {
    if (!Number.isInteger(stages) || stages < 1 || stages > STAGES.length) {
      refuseSetting(`stages must be 1 to ${STAGES.length}`, stages);
    }
    if (!(width > 0 && width <= 1)) refuseSetting('width must be a share of the channels', width);
  },
  build({ width, stages, dropout, classes }) {
    const scaled = (channels: number) => Math.max(4, 4 * Math.round((channels * width) / 4));
    let from = scaled(32);
    const layers = conv(1, from, 3, {}, new ReLU6());
    for (const [expand, channels, blocks, stride, kernel] of STAGES.slice(0, stages)) {
      for (let i = 0; i < blocks; i++) {
        const to = scaled(channels);
        layers.push(inverted(from, to, expand, i === 0 ? stride : 1, kernel));
        from = to;
      }
    }
    const last = scaled(1280);
    const features = new Sequential(
      ...layers,
      ...conv(from, last, 1, {}, new ReLU6()),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
    );
    const classifier = new Sequential(new Dropout(dropout), new Linear(last, classes.length));
    return new Classified(features, classifier);
  },
});
