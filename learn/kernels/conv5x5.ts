import { conv5x5BackwardWeightPlain, conv5x5ForwardPlain } from '../../src/kernels/conv5x5';
import type { Lesson } from '../exercise';
import ladder from '../ladder/conv5x5';
import { forward, weights } from '../path/09-convolution';

const tolerance = { absolute: 1e-4, relative: 1e-5 };

const lesson: Lesson = {
  ladder,
  exercises: [
    {
      id: 'write',
      title: 'Write the definition',
      task: 'The loops over the 25 taps of a channel are missing. Leave out what falls outside of the picture.',
      shader: conv5x5ForwardPlain.shader,
      faults: [
        [
          `    for (var ky = 0; ky < 5; ky++) {
      let i = row + ky - 2;
      if (i < 0 || i >= height) {
        continue;
      }
      for (var kx = 0; kx < 5; kx++) {
        let j = column + kx - 2;
        if (j < 0 || j >= width) {
          continue;
        }
        let x_at =
          x_first + (u32(i) + params.x_border) * params.x_row_stride + u32(j) + params.x_border;
        sum += x[x_at] * weight[(taps + u32(ky * 5 + kx)) * params.out_channels + o];
      }
    }
`,
          '    // Yours.\n',
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: forward(1, 1, 1, 4, 6),
      hidden: [forward(2, 2, 3, 5, 3), forward(1, 3, 1, 1, 1)],
      timed: () => forward(4, 8, 8, 48, 48),
      hints: [
        'Tap (ky, kx) meets the pixel (row + ky - 2, column + kx - 2).',
        'Pixel (i, j) is at x_first + (u32(i) + params.x_border) * params.x_row_stride + u32(j) + params.x_border.',
        'Its weight is weight[(taps + u32(ky * 5 + kx)) * params.out_channels + o].',
      ],
    },
    {
      id: 'image',
      title: 'Find the fault: the gradient by the weights',
      task: 'With one image it is right.',
      shader: conv5x5BackwardWeightPlain.shader,
      faults: [['    sum += of_image;', '    sum = of_image;']],
      fails: ['value'],
      tolerance,
      shown: weights(1, 1, 1, 4, 4),
      hidden: [weights(3, 2, 2, 5, 3), weights(1, 1, 1, 1, 1)],
      hints: ['All images together move a weight.'],
    },
  ],
};
export default lesson;
