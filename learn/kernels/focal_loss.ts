import { focalLoss } from '../../src/kernels/focal_loss';
import type { Lesson } from '../exercise';
import { loss } from '../path/12-the-whole-step';

const given = {
  shader: focalLoss.shader,
  tolerance: { absolute: 1e-5, relative: 1e-4 },
  shown: loss(6, 3, 2),
  hidden: [loss(5, 7, 2, true), loss(9, 4, 0), loss(1, 2, 1)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'sign',
      title: 'Find the fault: the gradient',
      task: 'The loss is right. Its gradient pushes the wrong classes.',
      faults: [['select(-p_j, q, j == label)', 'select(p_j, q, j == label)']],
      fails: ['value'],
      hints: [
        'What the right class gains, the others lose: the gradients of a sample add up to 0.',
      ],
    },
    {
      ...given,
      id: 'label',
      title: 'A label outside the classes',
      task: 'A sample without a label is marked by a number outside the classes. This version takes it for a class.',
      faults: [
        [
          `  if (label >= params.classes) {
    loss[n] = 0.0;
    for (var j = 0u; j < params.classes; j++) {
      dlogits[first + j] = 0.0;
    }
    return;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['bounds'],
      hints: ['It has no loss and no gradient, but both have to be written.'],
    },
  ],
};
export default lesson;
