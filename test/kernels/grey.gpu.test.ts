import { greyForward } from '../../src/kernels/grey';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/grey';
import { tensor, testKernel } from '../support/kernel';
import { random } from '../support/random';

function rgba(name: string, shape: number[], words?: number[]) {
  const next = random(3);
  const data = words ?? Array.from({ length: size(shape) }, () => Math.floor(next() * 2 ** 32));
  return { name, inputs: { pixels: tensor(shape, data, { dtype: 'u32' }) }, attributes: undefined };
}

testKernel(greyForward, {
  cases: [
    rgba('one pixel', [1]),
    rgba('black and white', [2], [0xff000000, 0xffffffff]),
    rgba('red, green, blue', [3], [0xff0000ff, 0xff00ff00, 0xffff0000]),
    rgba('alpha is ignored', [3], [0x00ffffff, 0x80402010, 0xff402010]),
    rgba(
      'greys stay as they are',
      [256],
      Array.from({ length: 256 }, (_, i) => (0xff000000 + i * 0x010101) >>> 0),
    ),
    rgba('close to a half', [2], [0x00000005, 0x00060503]), // 1.495 and 4.516
    rgba('one workgroup', [64]),
    rgba('one more', [65]),
    rgba('odd sizes', [3, 7, 5]),
    rgba('a frame', [1, 90, 160]),
  ],
  reference: ({ pixels }) => ({
    y: reference.greyForward(new Uint8Array(Uint32Array.from(pixels.data).buffer)),
  }),
  tolerance: { absolute: 0, relative: 0 }, // integer arithmetic
});
