import { histogramEqualizationForward } from '../../src/kernels/histogram_equalization';
import type { Lesson } from '../exercise';
import { equalized } from '../path/05-counting-together';

const given = {
  shader: histogramEqualizationForward.shader,
  shown: equalized([1, 6, 8], 40),
  hidden: [equalized([2, 9, 9]), equalized([1, 1, 1])],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'before',
      title: 'Find the fault',
      task: 'Each thread adds up the levels before its own four. This one adds up a few too many.',
      faults: [['sums[i], i < t)', 'sums[i], i <= t)']],
      fails: ['value'],
      hints: ['Its own levels are added below, one by one.'],
    },
    {
      ...given,
      id: 'count',
      title: 'Write the count',
      task: 'All threads of the workgroup count the pixels of one image together. Three lines.',
      faults: [
        [
          `  for (var i = t; i < params.pixels; i += WORKGROUP_SIZE) {
    atomicAdd(&counts[level(x[first + i])], 1u);
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'Thread t takes the pixels t, t + WORKGROUP_SIZE, and so on. Others may add to the same counter.',
      ],
    },
  ],
};
export default lesson;
