import { gruForward } from '../../src/kernels/gru';
import { gruForward as reference } from '../../src/kernels/reference/gru';
import { dispatchOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Sizes = readonly [steps: number, samples: number, hidden: number];

function gru(
  sizes: Sizes,
  threads: number,
  flags: { resetFirst?: boolean; reverse?: boolean } = {},
): Dispatch {
  const [steps, samples, hidden] = sizes;
  const xw = tensor([steps, samples, 3 * hidden], 1);
  const weight_hh = tensor(
    [3 * hidden, hidden],
    numbers(3 * hidden * hidden, 2).map((v) => v / 4),
  );
  const [bias_hh, h0] = [tensor([3 * hidden], 3), tensor([samples, hidden], 4)];
  const lengths = tensor([samples], new Array(samples).fill(steps), 'u32');
  const expected = reference(
    { xw: xw.data, weightHh: weight_hh.data, biasHh: bias_hh.data, h0: h0.data },
    { steps, samples, hidden, ...flags },
  );
  const name = `${steps} steps, ${samples} samples, ${hidden} units${flags.resetFirst ? ', reset first' : ''}${flags.reverse ? ', backwards' : ''}`;
  const inputs = { xw, weight_hh, bias_hh, lengths, h0 };
  const attributes = { hasBias: true, hasLengths: false, ...flags };
  const made = dispatchOf(gruForward, name, inputs, attributes, { ...expected });
  return { ...made, overrides: { ...made.overrides, WORKGROUP_SIZE: threads } };
}

const given = { shader: gruForward.shader, tolerance: { absolute: 1e-5, relative: 1e-5 } };

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'reset',
      title: 'All of r · h',
      task: 'With RESET_FIRST the candidate of one unit needs r · h of all units. A barrier is missing.',
      faults: [['  workgroupBarrier(); // r * h of all units is there\n', '']],
      fails: ['race', 'value'],
      shown: gru([2, 1, 3], 4, { resetFirst: true }),
      hidden: [gru([3, 2, 5], 4), gru([2, 3, 4], 8, { resetFirst: true, reverse: true })],
      hints: ['`kept` is written in the first loop over the units and read in the second.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the new state',
      task: 'a_n and z are there: the candidate, its place in `gates`, the new h in `state` and in hs. A sample past its end keeps its state and gives 0.',
      faults: [
        [
          `      let candidate = tanh_by_exp(a_n);
      gates[(row * 5u + 2u) * hidden + j] = select(0.0, candidate, taken);
      let h = select(h_before, (1.0 - z) * candidate + z * h_before, taken);
      state[after + j] = h;
      hs[row * hidden + j] = select(0.0, h, taken);
`,
          '      // Yours.\n',
        ],
      ],
      fails: ['unwritten', 'value'],
      shown: gru([2, 1, 3], 4),
      hidden: [gru([3, 2, 5], 4, { reverse: true }), gru([1, 3, 4], 8, { resetFirst: true })],
      hints: [
        'h = (1 - z) · candidate + z · h_before, and the candidate is tanh_by_exp(a_n).',
        'The candidate is part 2 of the row’s five: gates[(row * 5u + 2u) * hidden + j].',
      ],
    },
  ],
};
export default lesson;
