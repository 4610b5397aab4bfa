import { lstmForward } from '../../src/kernels/lstm';
import type { Lesson } from '../exercise';
import { lstm } from '../path/11-time';

const given = {
  shader: lstmForward.shader,
  tolerance: { absolute: 1e-5, relative: 1e-5 },
  shown: lstm(2, 1, 3),
  hidden: [lstm(5, 3, 6), lstm(1, 2, 4), lstm(3, 5, 9, 64)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'weights',
      title: 'Find the fault',
      task: 'The weights of the four gates lie below one another. One gate is given another’s.',
      faults: [['weight_hh[(2u * hidden + j)', 'weight_hh[(hidden + j)']],
      fails: ['value'],
      hints: ['The order is i, f, g, o.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write a step',
      task: 'The products are there. Compute the gates i, f, g and o, then the new c and h.',
      faults: [
        [
          `            i = sigmoid(xw[row * 4u * hidden + j] + product[s].x);
            f = sigmoid(xw[(row * 4u + 1u) * hidden + j] + product[s].y);
            g = tanh_by_exp(xw[(row * 4u + 2u) * hidden + j] + product[s].z);
            o = sigmoid(xw[(row * 4u + 3u) * hidden + j] + product[s].w);
            c_after = f * c_before + i * g;
            h_after = o * tanh_by_exp(c_after);
`,
          '            // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'The input’s part of gate q is xw[(row * 4u + q) * hidden + j], the state’s part is product[s][q].',
        'i, f and o go through sigmoid, g through tanh_by_exp.',
      ],
    },
  ],
};
export default lesson;
