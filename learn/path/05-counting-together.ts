import {
  EQUALIZATION_PRESETS,
  histogramEqualizationForward,
} from '../../src/kernels/histogram_equalization';
import { histogramEqualizationForward as reference } from '../../src/kernels/reference/histogram_equalization';
import { dispatchOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';
import shader from './histogram.wgsl';

/** Whole numbers from 0 to `top`. */
const levels = (count: number, top: number, seed: number) =>
  numbers(count, seed).map((v) => Math.round(((v + 2) / 4) * top));

function histogram(images: number, pixels: number): Dispatch {
  const x = tensor([images, pixels], levels(images * pixels, 7, pixels), 'u32');
  const counts = new Array<number>(images * 8).fill(0);
  levels(images * pixels, 7, pixels).forEach(
    (level, i) => counts[Math.floor(i / pixels) * 8 + level]++,
  );
  return {
    name: `${images} images of ${pixels} pixels`,
    tensors: { x, histogram: { shape: [images, 8], dtype: 'u32' } },
    params: { pixels },
    groups: [images, 1, 1],
    expected: { histogram: counts },
  };
}

export function equalized(shape: number[], top = 255): Dispatch {
  const data = levels(shape[0] * shape[1] * shape[2], top, shape[1]);
  const x = tensor(shape, data);
  const weights = EQUALIZATION_PRESETS.paper;
  const y = reference({ shape, data }, weights);
  return dispatchOf(histogramEqualizationForward, `[${shape}], grey up to ${top}`, { x }, weights, {
    y,
  });
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'atomic',
      title: 'Two threads, one counter',
      shader,
      faults: [
        ['array<atomic<u32>, LEVELS>', 'array<u32, LEVELS>'],
        ['atomicAdd(&counts[x[first + i]], 1u)', 'counts[x[first + i]] += 1u'],
        ['atomicLoad(&counts[thread])', 'counts[thread]'],
      ],
      fails: ['race'],
      shown: histogram(2, 24),
      hidden: [histogram(1, 5), histogram(3, 65)],
      hints: [
        '`counts[k] += 1u` is three steps: read, add, write. What if two threads read before either writes?',
        'Declare the counters as atomic<u32>; then atomicAdd(&counts[k], 1u), and atomicLoad(&counts[k]) to read.',
      ],
    },
    {
      id: 'peak',
      title: 'Find the peak',
      shader: histogramEqualizationForward.shader,
      faults: [
        [
          `  var most = 0u;
  for (var k = start; k < start + levels; k++) {
    most = max(most, atomicLoad(&counts[k]));
  }
  atomicMax(&peak, most);
`,
          '  // Yours: the largest of this thread’s counts, then the largest of all.\n',
        ],
      ],
      fails: ['value'],
      shown: equalized([1, 6, 8], 40),
      hidden: [equalized([2, 9, 9]), equalized([1, 1, 1])],
      hints: [
        'First a loop over the four levels, with a `var most = 0u` of your own and `max`.',
        'The counters are atomics: atomicLoad(&counts[k]) reads one. Then atomicMax(&peak, most).',
      ],
    },
    {
      id: 'equalize',
      title: 'Read too early',
      shader: histogramEqualizationForward.shader,
      faults: [
        [
          '  atomicMax(&peak, most);\n  workgroupBarrier();\n\n  let upper',
          '  atomicMax(&peak, most);\n\n  let upper',
        ],
        ['  sums[t] = own;\n  workgroupBarrier();', '  sums[t] = own;'],
      ],
      fails: ['race', 'value'],
      shown: equalized([1, 6, 8], 40),
      hidden: [equalized([2, 9, 9]), equalized([1, 1, 1])],
      hints: [
        'A barrier stands between what every thread writes and what another thread reads of it.',
        'Every thread writes its place of `sums`, then every thread reads all of them.',
        'Every thread puts its largest count into `peak`, then every thread reads it, for `upper`.',
      ],
    },
  ],
};
export default lesson;
