import { dropoutBackward, dropoutForward } from '../../src/kernels/dropout';
import { dropout } from '../../src/kernels/reference/dropout';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Settings = { rate: number; stream: number };

const step = tensor([2], [7, 3], 'u32'); // seed, number
const run = { seed: 7, step: 3 };
const name = (count: number, { rate, stream }: Settings) =>
  `${count} numbers, rate ${rate}, stream ${stream}`;

function forward(count: number, settings: Settings): Dispatch {
  const x = tensor([count], 1);
  const y = dropout(x.data, settings.rate, { ...run, stream: settings.stream });
  const made = dispatchOf(dropoutForward, name(count, settings), { x, step }, settings, { y });
  return inWorkgroupsOf(4, count, made);
}

function backward(count: number, settings: Settings): Dispatch {
  const dy = tensor([count], 2);
  const dx = dropout(dy.data, settings.rate, { ...run, stream: settings.stream });
  const made = dispatchOf(dropoutBackward, name(count, settings), { dy, step }, settings, { dx });
  return inWorkgroupsOf(4, count, made);
}

const tolerance = { absolute: 1e-6, relative: 1e-6 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'write',
      title: 'Write the mask',
      task: 'Draw a random number for the element, keep it or not, and write: three lines.',
      shader: dropoutForward.shader,
      faults: [
        [
          `  let number = pcg(i + pcg(params.stream + pcg(step.number + pcg(step.seed))));
  let kept = (number >> 8u) >= params.threshold;
  y[i] = select(0.0, x[i] * params.scale, kept);
`,
          '  // Yours: the number is pcg(i + pcg(stream + pcg(step + pcg(seed)))).\n',
        ],
      ],
      fails: ['unwritten'],
      tolerance,
      shown: forward(12, { rate: 0.5, stream: 1 }),
      hidden: [forward(30, { rate: 0.25, stream: 0 }), forward(65, { rate: 0.75, stream: 9 })],
      hints: [
        'The threshold is rate times 2^24, so of the number its upper 24 bits are compared: `number >> 8u`.',
        'What is kept is multiplied by params.scale, so that the mean stays.',
      ],
    },
    {
      id: 'mask',
      title: 'Another mask',
      task: 'Backward must draw the very mask that forward drew. In the first layer it does.',
      shader: dropoutBackward.shader,
      faults: [['pcg(params.stream + pcg(step.number', 'pcg(pcg(step.number']],
      fails: ['value'],
      tolerance,
      shown: backward(12, { rate: 0.5, stream: 0 }),
      hidden: [backward(30, { rate: 0.25, stream: 4 }), backward(65, { rate: 0.75, stream: 1 })],
      hints: ['Each layer has a stream of its own. This version knows of one.'],
    },
  ],
};
export default lesson;
