import { conv } from '../blocks';
import { Dropout, Flatten, Linear, MaxPool2d, ReLU } from '../layers';
import { Sequential } from '../module';
import { refuseSetting } from '../network';
import { defineSystem } from './system';

/**
 * AlexNet for 48 pixels: five convolutions and three overlapping pools; 64-192-384-256-256 and 1,024 at full width. The
 * original's 227 pixels, 11x11 windows of stride 4 and local response norm make no sense here; batch norm stands for the last.
 */
export const alexnet = defineSystem({
  name: 'alexnet',
  about: 'five convolutions and three overlapping pools (AlexNet)',
  defaults: { size: 48, widths: [16, 48, 96, 64, 64], dense: 256, dropout: 0.5 },
  check({ widths, size }) {
    if (!Array.isArray(widths) || widths.length !== 5) {
      refuseSetting('widths must be the channels of five convolutions', widths);
    }
    if (size < 15) refuseSetting('three pools leave nothing of so few pixels', size);
  },
  build({ size, widths: [a, b, c, d, e], dense, dropout, classes }) {
    const pool = () => new MaxPool2d(3, { stride: 2 });
    let side = size;
    for (let i = 0; i < 3; i++) side = Math.floor((side - 3) / 2) + 1;
    return new Sequential(
      ...[...conv(1, a, 5), pool(), ...conv(a, b, 5), pool()],
      ...[...conv(b, c, 3), ...conv(c, d, 3), ...conv(d, e, 3), pool()],
      new Flatten(),
      new Linear(e * side * side, dense),
      new ReLU(),
      new Dropout(dropout),
      new Linear(dense, classes.length),
    );
  },
});
