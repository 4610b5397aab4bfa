import { adam } from '../../src/kernels/optimizer';
import type { Lesson } from '../exercise';
import { step } from '../path/12-the-whole-step';

const given = {
  shader: adam.shader,
  tolerance: { absolute: 1e-5, relative: 1e-4 },
  shown: step(12, 1),
  hidden: [step(3, 2), step(40, 1000)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'square',
      title: 'Find the fault',
      task: 'v is the mean of what?',
      faults: [['between(square, g * g, params.rate2)', 'between(square, abs(g), params.rate2)']],
      fails: ['value'],
      hints: ['The root is taken below. So before it there is a square.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the step',
      task: 'The gradient g and the parameter p are there. Move both averages, keep them, and move the parameter.',
      faults: [
        [
          `    var mean = m[i];
    var square = v[i];
    mean = between(mean, g, params.rate1);
    square = between(square, g * g, params.rate2);
    m[i] = mean;
    v[i] = square;
    parameters[i] = p - learning_rate * (mean / mean_share) / (sqrt(square / square_share) + params.epsilon);
`,
          '    // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        '`between(a, b, share)` is a (1 - share) + b share.',
        'mean_share and square_share take out that m and v began at 0.',
      ],
    },
  ],
};
export default lesson;
