import { Classified, conv, separable } from '../blocks';
import { AdaptiveAvgPool2d, Flatten, Linear } from '../layers';
import { Sequential } from '../module';
import { refuseSetting } from '../network';
import { defineSystem } from './system';

/** Channels and stride of the separable convolutions at full width; the last stride of the original is left out. */
const LAYERS: [number, number][] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 1],
  [1024, 1],
];

/** MobileNet v1 (Howard 2017) for 48 pixels. */
export const mobilenet = defineSystem({
  name: 'mobilenet',
  about: 'thirteen separable convolutions (MobileNet v1)',
  defaults: { size: 48, width: 0.25 },
  check({ width }) {
    if (!(width > 0 && width <= 1 && Number.isInteger(32 * width))) {
      refuseSetting('width must be a share of the channels', width);
    }
  },
  build({ width, classes }) {
    const channels = [32, ...LAYERS.map(([c]) => c)].map((c) => c * width);
    const features = new Sequential(
      ...conv(1, channels[0], 3, { stride: 2 }),
      ...LAYERS.flatMap(([, stride], i) => separable(channels[i], channels[i + 1], stride)),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
    );
    return new Classified(features, new Linear(channels.at(-1)!, classes.length));
  },
});
