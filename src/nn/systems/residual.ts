import type { Value } from '../../tape/value';
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Flatten,
  Linear,
  MaxPool2d,
  ReLU,
} from '../layers';
import { Module, Sequential, type Pass } from '../module';
import { refuseSetting } from '../network';
import { defineSystem } from './system';

/** Convolution 3x3 and batch norm. */
class Conv3x3 extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = new Conv2d(inChannels, outChannels, 3, { padding: 1, bias: false });
    this.bn = new BatchNorm2d(outChannels);
  }

  forward(pass: Pass, x: Value): Value {
    return this.bn.forward(pass, this.conv.forward(pass, x));
  }
}

/** relu(x + what two convolutions make of it). */
class Residual extends Module {
  readonly first: Conv3x3;
  readonly second: Conv3x3;
  readonly #relu = new ReLU();

  constructor(channels: number) {
    super();
    this.first = new Conv3x3(channels, channels);
    this.second = new Conv3x3(channels, channels);
  }

  forward(pass: Pass, x: Value): Value {
    const y = this.#relu.forward(pass, this.first.forward(pass, x));
    return this.#relu.forward(pass, pass.add(x, this.second.forward(pass, y)));
  }
}

/** A small residual network of 3x3 convolutions: the example that docs/own-model.md builds line by line. */
export const residual = defineSystem({
  name: 'residual',
  about: 'an example: 3x3 convolutions with residual connections, one stream',
  defaults: { size: 48, streams: ['equalized'], widths: [16, 32, 64] },
  check({ widths, size }) {
    const whole = (n: unknown) => Number.isInteger(n) && (n as number) > 0;
    if (!Array.isArray(widths) || widths.length < 1 || !widths.every(whole)) {
      refuseSetting('widths must list the channels of at least one stage', widths);
    }
    if (Math.floor(size / 2 ** widths.length) < 1) {
      refuseSetting(`${widths.length} pools leave nothing of ${size}x${size} pixels`, widths);
    }
  },
  build({ widths, classes }) {
    const stages = widths.map((width, i) => [
      new Conv3x3(i === 0 ? 1 : widths[i - 1], width),
      new ReLU(),
      new MaxPool2d(2),
      new Residual(width),
    ]);
    return new Sequential(
      ...stages.flat(),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
      new Linear(widths[widths.length - 1], classes.length),
    );
  },
});
