import { expect, it } from 'vitest';
import {
  EQUALIZATION_PRESETS,
  histogramEqualizationBins,
  histogramEqualizationForward,
  type EqualizationWeights,
} from '../../src/kernels/histogram_equalization';
import type { Gathered } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/histogram_equalization';
import { tensor, testKernel } from '../support/kernel';
import {
  blank,
  brightPixel,
  checkerboard,
  face,
  noise,
  ramp,
  stack,
  twoLevels,
  type Draw,
} from '../vision/images';

const { paper, he, wthe, opencv } = EQUALIZATION_PRESETS;

function image(
  name: string,
  attributes: EqualizationWeights & Gathered,
  [width, height]: [number, number],
  ...rules: Draw[]
) {
  const shape = [rules.length, height, width];
  return { name, inputs: { x: tensor(shape, stack(width, height, ...rules)) }, attributes };
}

const shapes = (weights: EqualizationWeights & Gathered) => [
  image('48x48 faces', weights, [48, 48], face, noise(1, 90, 110), ramp),
  image('96x96 face', weights, [96, 96], face),
  image('blank: all 0, all 127, all 255', weights, [8, 8], blank(0), blank(127), blank(255)),
  image('1x1', weights, [1, 1], blank(77)),
  image('1xN', weights, [13, 1], ramp),
  image('Nx1', weights, [1, 300], noise(2)),
  image('odd sizes', weights, [7, 5], noise(3), face),
  image('one bright pixel', weights, [9, 9], brightPixel),
  image('two levels', weights, [10, 6], twoLevels),
  image('checkerboard', weights, [16, 16], checkerboard),
  image('256x256', weights, [256, 256], face),
  image('blank beside not blank', weights, [12, 12], face, blank(9), noise(4)),
];

// r = 1: thresholds and weights are the same float32 operations in the reference, the rest whole numbers.
testKernel(histogramEqualizationForward, {
  cases: [
    ...shapes(paper),
    ...shapes(he).map((c) => ({ ...c, name: `he, ${c.name}` })),
    ...shapes(opencv).map((c) => ({ ...c, name: `opencv, ${c.name}` })),
    // A workgroup of one subgroup, as CPUs have them.
    ...[4, 8].flatMap((threads) =>
      shapes({ ...paper, threads }).map((c) => ({ ...c, name: `${threads} threads, ${c.name}` })),
    ),
    image('few pixels a level: below P_l', { v: 0.3, r: 1, pl: 0.01 }, [20, 20], noise(5)),
    image('P_u below P_l: unchanged', { v: 0.1, r: 1, pl: 0.2 }, [8, 8], noise(6)),
    image('many images', paper, [5, 4], ...Array.from({ length: 300 }, (_, i) => noise(i))),
  ],
  reference: ({ x }, weights) => ({ y: reference.histogramEqualizationForward(x, weights) }),
  finite: ['x'], // pixels, as whole numbers
  tolerance: { absolute: 0, relative: 0 },
  race: image('race', paper, [3, 3], face),
});

// pow is within 2^-11 or so of itself by WGSL's rules: a weight of 2^14 may be off by some units, a level by one.
testKernel(histogramEqualizationForward, {
  cases: [
    ...shapes(wthe).map((c) => ({ ...c, name: `wthe, ${c.name}` })),
    image('r = 2', { v: 1, r: 2, pl: 0 }, [24, 24], face),
  ],
  reference: ({ x }, weights) => ({ y: reference.histogramEqualizationForward(x, weights) }),
  finite: ['x'], // pixels, as whole numbers
  tolerance: { absolute: 1, relative: 0 },
  race: image('race', wthe, [3, 3], face),
});

it('plain equalization is round(255 * cumulative share)', () => {
  const data = stack(48, 48, face);
  const y = reference.histogramEqualizationForward({ shape: [1, 48, 48], data }, he);
  data.forEach((value, i) => {
    const below = data.filter((other) => other <= value).length;
    expect(y[i]).toBe(Math.floor((255 * below) / data.length + 0.5));
  });
});

it('refuses weights that mean nothing', () => {
  const x = tensor([1, 2, 2], 1);
  expect(() => histogramEqualizationForward.outputs({ x }, { v: 0, r: 1, pl: 0 })).toThrow(/v 0/);
  expect(() => histogramEqualizationForward.outputs({ x: tensor([4], 1) }, paper)).toThrow(/N, H/);
});

/** Every third pixel is left out, or all. */
function binned(name: string, shape: number[], bins: number, masked?: 'some' | 'all') {
  const length = shape.reduce((a, b) => a * b);
  const mask = Uint32Array.from({ length }, (_, i) => Number(masked !== 'all' && i % 3 !== 1));
  const inputs = { x: tensor(shape, 7), mask: { ...tensor(shape, mask), dtype: 'u32' as const } };
  return { name, inputs, attributes: { bins, hasMask: masked !== undefined } };
}

// A share is a sum of at most 2^20 counts over their number, blended: three roundings.
testKernel(histogramEqualizationBins, {
  cases: [
    binned('256 bins', [3, 48, 48], 256),
    binned('under a mask', [2, 20, 31], 256, 'some'),
    binned('two bins', [1, 9, 7], 2, 'some'),
    binned('100 bins, more than threads and no multiple', [2, 12, 12], 100),
    binned('1024 bins', [1, 64, 65], 1024),
    binned('one value', [2, 1, 1], 256),
    binned('a mask that leaves none', [1, 3, 3], 16, 'all'),
  ],
  reference: (inputs, attributes) => ({
    y: reference.histogramEqualizationBins(inputs, attributes),
  }),
  finite: ['x'], // pixels
  tolerance: { absolute: 1e-6, relative: 1e-6 },
  race: binned('race', [2, 5, 4], 8, 'some'),
});

it('bins are those of scikit-image', () => {
  // skimage.exposure.equalize_hist with nbins 5, by NumPy's histogram, cumsum and interp.
  const x = { shape: [1, 2, 3], data: [0, 1, 2, 3, 10, 4] };
  const mask = { data: [1, 1, 1, 1, 0, 1] };
  for (const [hasMask, expected] of [
    [false, [1 / 3, 1 / 3, 0.5, 2 / 3, 1, 0.75]],
    [true, [0.2, 0.35, 0.6, 0.85, 1, 1]],
  ] as const) {
    const y = reference.histogramEqualizationBins({ x, mask }, { bins: 5, hasMask });
    expected.forEach((value, i) => expect(y[i]).toBeCloseTo(value, 6));
  }
});

it('refuses bins and masks that do not fit', () => {
  const x = tensor([1, 2, 2], 1);
  const bins = (count: number, mask = x, hasMask = false) =>
    histogramEqualizationBins.outputs({ x, mask }, { bins: count, hasMask });
  expect(() => bins(1)).toThrow(/2 to 1024 bins, not 1/);
  expect(() => bins(2000)).toThrow(/not 2000/);
  expect(() => bins(8, tensor([2, 2], 1), true)).toThrow(/mask \[2,2\]/);
});
