import { depthwiseForward } from '../../src/kernels/depthwise';
import { convForward as reference } from '../../src/kernels/reference/conv';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

/** A map [H, W] of G networks, N images and C channels. */
type Sizes = readonly [G: number, N: number, C: number, H: number, W: number];

function depthwise(sizes: Sizes, stride: 1 | 2, flipped = false): Dispatch {
  const [G, N, C, H, W] = sizes;
  // A frame: as many rows and whole vec4s as the threads read.
  const [down, across] = [Math.ceil(H / 4), Math.ceil(W / 4)];
  const shape = [G, N, C, stride * 4 * down + 2, stride * 4 * across + 4];
  const x = tensor(shape, 1);
  const [weight, bias] = [tensor([G, C, 3, 3, 1], 2), tensor([G, C], 3)];
  const filters = Array.from(
    weight.data,
    (_, i) => weight.data[flipped ? i - (i % 9) + 8 - (i % 9) : i],
  );
  const convolution = { taps: 3, stride, before: [0, 0] as const, depthwise: true };
  const y = reference(x.data, shape, filters, bias.data, sizes, convolution);
  const attributes = { stride, map: [H, W] as const, hasBias: true, flipped };
  const name = `${G} x ${N} x ${C} maps of ${H} x ${W}, stride ${stride}${flipped ? ', flipped' : ''}`;
  const made = dispatchOf(depthwiseForward, name, { x, weight, bias }, attributes, { y });
  return inWorkgroupsOf(4, G * N * C * down * across, made);
}

const given = {
  shader: depthwiseForward.shader,
  tolerance: { absolute: 1e-4, relative: 1e-5 },
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'store',
      title: 'Four columns',
      task: 'Each thread has four columns, and only the first one is stored. Add the others, as far as they lie inside the map: nine lines.',
      faults: [
        [
          `  if (column + 1u < params.width) {
    y[at + 1u] = sum.y;
  }
  if (column + 2u < params.width) {
    y[at + 2u] = sum.z;
  }
  if (column + 3u < params.width) {
    y[at + 3u] = sum.w;
  }
`,
          '  // Yours: the other three.\n',
        ],
      ],
      fails: ['unwritten'],
      shown: depthwise([1, 1, 1, 3, 6], 1),
      hidden: [
        depthwise([2, 2, 3, 5, 4], 1),
        depthwise([1, 3, 2, 2, 3], 2),
        depthwise([1, 1, 2, 1, 1], 1, true),
      ],
      hints: ['A tile of four at the right edge may reach beyond the map, into the next row.'],
    },
    {
      ...given,
      id: 'flipped',
      title: 'Turned, not mirrored',
      task: 'With FLIPPED the filter is turned by 180 degrees. This version only turns it upside down.',
      faults: [
        [
          'vec3<f32>(weight[at], weight[at - 1u], weight[at - 2u])',
          'vec3<f32>(weight[at - 2u], weight[at - 1u], weight[at])',
        ],
      ],
      fails: ['value'],
      shown: depthwise([1, 1, 1, 3, 6], 1, true),
      hidden: [depthwise([2, 2, 3, 5, 4], 1, true), depthwise([1, 3, 2, 2, 3], 2)],
      hints: [
        'Turned by 180 degrees the last tap comes first, and the row runs from right to left.',
      ],
    },
  ],
};
export default lesson;
