import { greyForward } from '../../src/kernels/grey';
import { greyForward as reference } from '../../src/kernels/reference/grey';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

function grey(shape: number[]): Dispatch {
  const count = shape.reduce((a, b) => a * b);
  const rgba = Uint8Array.from({ length: 4 * count }, (_, i) => (i * 89 + shape[0] * 31) % 256);
  const pixels = tensor(shape, new Uint32Array(rgba.buffer), 'u32');
  const expected = { y: reference(rgba) };
  const made = dispatchOf(greyForward, `[${shape}] pixels`, { pixels }, undefined, expected);
  return inWorkgroupsOf(4, count, made);
}

const given = {
  shader: greyForward.shader,
  shown: grey([2, 5]),
  hidden: [grey([1, 1]), grey([3, 7]), grey([70])],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'half',
      title: 'Find the fault',
      task: 'Most pixels are right. Some are one grey level too dark.',
      faults: [[' + 500u) / 1000u', ') / 1000u']],
      fails: ['value'],
      hints: ['A division of whole numbers rounds down. How do you make it round to the nearest?'],
    },
    {
      ...given,
      id: 'write',
      title: 'Take the bytes apart',
      task: 'Red lies in the lowest eight bits, then green, then blue. The weights are 299, 587 and 114 thousandths; round halves up.',
      faults: [
        [
          `  let red = pixels[i] & 255u;
  let green = (pixels[i] >> 8u) & 255u;
  let blue = (pixels[i] >> 16u) & 255u;
  y[i] = f32((299u * red + 587u * green + 114u * blue + 500u) / 1000u);
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      hints: [
        '`>> 8u` moves all bits down by eight; `& 255u` keeps the lowest eight.',
        'Add 500 before you divide by 1000.',
      ],
    },
  ],
};
export default lesson;
