import { lstmForward } from '../../src/kernels/lstm';
import { lstmForward as reference } from '../../src/kernels/reference/lstm';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

export function lstm(steps: number, samples: number, hidden: number, threads = 4): Dispatch {
  const xw = tensor([steps, samples, 4 * hidden], 1);
  const weight_hh = tensor([4 * hidden, hidden], 2);
  const lengths = tensor([samples], new Array(samples).fill(steps), 'u32');
  const [h, c] = [tensor([samples, hidden], 3), tensor([samples, hidden], 4)];
  const given = { xw: xw.data, weightHh: weight_hh.data, h0: h.data, c0: c.data };
  const expected = reference(given, { steps, samples, hidden });
  const name = `${steps} steps, ${samples} samples, ${hidden} units`;
  const made = dispatchOf(lstmForward, name, { xw, weight_hh, lengths }, {}, { ...expected });
  return {
    ...made,
    tensors: { ...made.tensors, h, c },
    overrides: { ...made.overrides, WORKGROUP_SIZE: threads },
  };
}

const shared = {
  shader: lstmForward.shader,
  tolerance: { absolute: 1e-5, relative: 1e-5 },
  shown: lstm(2, 1, 3),
  hidden: [lstm(5, 3, 6), lstm(1, 2, 4), lstm(3, 5, 9, 64)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...shared,
      id: 'gates',
      title: 'Four gates',
      faults: [['f * c_before + i * g', 'i * c_before + f * g']],
      fails: ['value'],
      hints: [
        'i says how much of the new comes in, f how much of the old stays.',
        'The formula for the memory stands above, and at the top of the file.',
      ],
    },
    {
      ...shared,
      id: 'write',
      title: 'Write the step',
      faults: [
        [
          `            f = sigmoid(xw[(row * 4u + 1u) * hidden + j] + product[s].y);
            g = tanh_by_exp(xw[(row * 4u + 2u) * hidden + j] + product[s].z);
            o = sigmoid(xw[(row * 4u + 3u) * hidden + j] + product[s].w);
            c_after = f * c_before + i * g;
            h_after = o * tanh_by_exp(c_after);
`,
          '            // Yours: f, g and o, then c_after and h_after.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'The four gates of a row of xw lie `hidden` places apart: i at row * 4u * hidden + j, f at (row * 4u + 1u) * hidden + j.',
        'product[s].x belongs to i, .y to f, .z to g, .w to o. All are sigmoids but g.',
      ],
    },
    {
      ...shared,
      id: 'early',
      title: 'Yesterday and today',
      faults: [['let after = STATE - before;', 'let after = before;']],
      fails: ['race', 'value'],
      hints: [
        'Unit 0 writes its new state where unit 1 still reads the old one.',
        'There is room for two states. The step reads one and writes the other.',
      ],
    },
  ],
};
export default lesson;
