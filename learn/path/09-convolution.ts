import { conv5x5BackwardWeightPlain, conv5x5ForwardPlain } from '../../src/kernels/conv5x5';
import { conv5x5BackwardWeight, conv5x5Forward } from '../../src/kernels/reference/conv5x5';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';
import ladder from '../ladder/conv5x5';

/** Images, channels in and out, height, width; of one network. */
type Sizes = readonly [N: number, C: number, O: number, H: number, W: number];

export function forward(...[N, C, O, H, W]: Sizes): Dispatch {
  const [x, weight] = [tensor([1, N, C, H, W], H), tensor([1, C, 5, 5, O], W)];
  const y = conv5x5Forward(x.data, weight.data, { G: 1, N, C, O, H, W });
  const name = `[${N}, ${C}, ${H}, ${W}] to ${O} channels`;
  const made = dispatchOf(conv5x5ForwardPlain, name, { x, weight }, {}, { y });
  return inWorkgroupsOf(8, N * O * H * W, made);
}

export function weights(...[N, C, O, H, W]: Sizes): Dispatch {
  const [x, dy] = [tensor([1, N, C, H, W], H), tensor([1, N, O, H, W], W)];
  const dweight = conv5x5BackwardWeight(x.data, dy.data, { G: 1, N, C, O, H, W });
  const name = `[${N}, ${C}, ${H}, ${W}] to ${O} channels`;
  const made = dispatchOf(conv5x5BackwardWeightPlain, name, { x, dy }, {}, { dweight });
  return inWorkgroupsOf(5, 25 * C * O, made);
}

const tolerance = { absolute: 1e-4, relative: 1e-5 };

const lesson: Lesson = {
  ladder,
  exercises: [
    {
      id: 'flipped',
      title: 'The flipped filter',
      shader: conv5x5ForwardPlain.shader,
      faults: [['taps + u32(ky * 5 + kx)', 'taps + u32(24 - ky * 5 - kx)']],
      fails: ['value'],
      tolerance,
      shown: forward(1, 1, 1, 4, 6),
      hidden: [forward(2, 2, 3, 5, 3), forward(1, 3, 1, 1, 1)],
      timed: () => forward(4, 8, 8, 48, 48),
      hints: [
        'Which tap meets the pixel at the upper left: the first, or the last?',
        'Tap (ky, kx) is number 5 ky + kx of its filter.',
      ],
    },
    {
      id: 'edge',
      title: 'Over the edge',
      shader: conv5x5ForwardPlain.shader,
      faults: [
        [
          `        if (j < 0 || j >= width) {
          continue;
        }
`,
          '',
        ],
      ],
      fails: ['bounds', 'value'],
      tolerance,
      shown: forward(1, 1, 1, 4, 6),
      hidden: [forward(2, 2, 3, 5, 3), forward(1, 3, 1, 1, 1)],
      hints: [
        'The rows have their test: `i < 0 || i >= height`. The columns had one too.',
        '`continue` goes on with the next turn of the loop.',
      ],
    },
    {
      id: 'weights',
      title: 'The gradient of a tap',
      shader: conv5x5BackwardWeightPlain.shader,
      faults: [
        [
          `      for (var j = first_column; j < end_column; j++) {
        of_image += x[x_row + j + kx - 2u] * dy[dy_row + j];
      }
`,
          '      // Yours: the columns of this row.\n',
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: weights(1, 1, 1, 4, 4),
      hidden: [weights(3, 2, 2, 5, 3), weights(1, 1, 1, 1, 1)],
      hints: [
        'Each output pixel j of the row had met x at column j + kx - 2 with this tap.',
        'x_row and dy_row already point at the beginning of the two rows.',
      ],
    },
  ],
};
export default lesson;
