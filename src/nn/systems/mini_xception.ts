import { conv, Residual, separable } from '../blocks';
import { AdaptiveAvgPool2d, Conv2d, Flatten, MaxPool2d } from '../layers';
import { Sequential } from '../module';
import { checkWidths } from './stream';
import { defineSystem } from './system';

/** mini-Xception (Arriaga 2017), 48 pixels in the place of 64: residual modules of separable convolutions, no dense layer. */
export const miniXception = defineSystem({
  name: 'mini-xception',
  about: 'residual modules of separable convolutions (mini-Xception)',
  defaults: { size: 48, first: 8, widths: [16, 32, 64, 128] },
  check: checkWidths,
  build: ({ first, widths, classes }) =>
    new Sequential(
      ...conv(1, first, 3),
      ...conv(first, first, 3),
      ...widths.map((width, i) => {
        const before = i === 0 ? first : widths[i - 1];
        return new Residual(
          [
            ...separable(before, width),
            ...separable(width, width).slice(0, -1),
            new MaxPool2d(3, { stride: 2, padding: 1 }),
          ],
          conv(before, width, 1, { stride: 2 }).slice(0, -1),
        );
      }),
      new Conv2d(widths.at(-1)!, classes.length, 3, { padding: 1 }),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
    ),
});
