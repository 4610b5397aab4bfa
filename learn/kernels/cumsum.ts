import { cumsumForward } from '../../src/kernels/cumsum';
import type { Lesson } from '../exercise';
import { running } from '../path/03-a-row-a-thread';

const given = {
  shader: cumsumForward.shader,
  tolerance: { absolute: 1e-6, relative: 1e-6 },
  shown: running([3, 5]),
  hidden: [running([2, 4, 3]), running([2, 6], true), running([5, 1]), running([1, 3, 2], true)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'inner',
      title: 'Find the fault',
      task: 'Along the last axis it is right.',
      faults: [['REVERSE) * params.inner;', 'REVERSE);']],
      fails: ['race', 'unwritten'],
      hints: ['How far apart are two neighbours of a row, if the axis is not the last?'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the loop',
      task: 'From the beginning, or with REVERSE from the end.',
      faults: [
        [
          `  for (var k = 0u; k < params.extent; k++) {
    let at = begin + select(k, params.extent - 1u - k, REVERSE) * params.inner;
    sum += x[at];
    y[at] = sum;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      hints: ['`select(k, params.extent - 1u - k, REVERSE)` is the element, forward or backward.'],
    },
  ],
};
export default lesson;
