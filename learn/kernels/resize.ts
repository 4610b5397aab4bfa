import { resizeForward as reference } from '../../src/kernels/reference/resize';
import { resizeForward } from '../../src/kernels/resize';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

function resized(
  shape: readonly [number, number, number],
  height: number,
  width: number,
): Dispatch {
  const [images, h, w] = shape;
  const bytes = Array.from({ length: images * h * w }, (_, i) => (i * 97 + h) % 256);
  const x = tensor(shape, bytes);
  const y = reference({ data: x.data, images, width: w, height: h }, width, height);
  const name = `[${shape}] to ${height} x ${width}`;
  const made = dispatchOf(resizeForward, name, { x }, { width, height }, { y });
  return inWorkgroupsOf(8, y.length, made);
}

const given = {
  shader: resizeForward.shader,
  shown: resized([1, 3, 4], 4, 6),
  hidden: [resized([2, 5, 3], 3, 7), resized([1, 1, 1], 2, 2), resized([1, 9, 8], 4, 4)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'half',
      title: 'Half a pixel',
      task: 'The picture moves down and to the right by half a pixel.',
      faults: [['u32(2 * count)) - 512;', 'u32(2 * count));']],
      fails: ['value'],
      hints: [
        'Positions are 1/1024 of a pixel. A pixel’s centre lies half a pixel from its corner, in the source as in the output.',
      ],
    },
    {
      ...given,
      id: 'write',
      title: 'Between four pixels',
      task: 'Mix the two upper pixels, the two lower ones, then both, and round halves up. `pixel` clamps to the edge; the weights wx and wy are out of 1024.',
      faults: [
        [
          `  let upper = pixel(image, x0, y0) * (1024 - wx) + pixel(image, x0 + 1, y0) * wx;
  let lower = pixel(image, x0, y0 + 1) * (1024 - wx) + pixel(image, x0 + 1, y0 + 1) * wx;
  y[i] = f32((upper * (1024 - wy) + lower * wy + 524288) >> 20u);
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      hints: [
        'The upper two: pixel(image, x0, y0) * (1024 - wx) + pixel(image, x0 + 1, y0) * wx.',
        'After both mixes the number is 1024 * 1024 times too large: add half of that, and shift by 20 bits.',
      ],
    },
  ],
};
export default lesson;
