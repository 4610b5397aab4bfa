import { describe, expect, it } from 'vitest';
import { bordered, size } from '../../src/kernels/kernel';
import { convBackwardWeight, convForward } from '../../src/kernels/reference/conv';
import * as reference from '../../src/kernels/reference/winograd';
import {
  WINOGRAD,
  WINOGRAD_3X3,
  winogradProduct,
  winogradProductNarrowSubgroup,
  winogradProductSubgroup,
  type ProductAttributes,
} from '../../src/kernels/winograd';
import { testCapabilities } from '../support/gpu';
import { tensor, testKernel } from '../support/kernel';
import { uniform } from '../support/random';

const { subgroupMinSize: lanes, subgroupMaxSize: mostLanes } = await testCapabilities();

/** G, N, channels, H, W, and the images that are transformed. */
const maps: { name: string; shape: number[]; first?: number; count?: number; scale?: number }[] = [
  { name: 'one pixel', shape: [1, 1, 1, 1, 1] },
  { name: 'a map smaller than a tile', shape: [2, 3, 3, 2, 3] },
  { name: 'whole tiles of 4', shape: [1, 2, 4, 8, 12] },
  { name: 'whole tiles of 3', shape: [2, 3, 5, 6, 6] },
  { name: 'odd sizes', shape: [2, 3, 5, 7, 13] },
  { name: 'tiles with one row and one column', shape: [1, 2, 3, 13, 9] },
  { name: 'one row', shape: [1, 5, 2, 1, 10] },
  { name: 'one column', shape: [2, 1, 7, 11, 1] },
  { name: 'the second and third of four images', shape: [2, 4, 3, 5, 5], first: 1, count: 2 },
  { name: 'large values', shape: [1, 2, 3, 6, 8], scale: 1e15 },
];

// Rows of the matrices have sums of magnitudes of at most 12.5 (input), 2.84 (filters), 17 (outputs and what spreads
// gradients over points) and 4.5 (taps): a result of numbers below 1 is at most the square of that, and its rounding a few
// 6e-8 of it; 8e-5 is four times 17 squared by 6e-8, and 1e-6 is relative to each result.
const tolerance = { absolute: 8e-5, relative: 1e-6 };
const large = { absolute: 8e-5 * 1e15, relative: 1e-6 };

const forms = [...Object.values(WINOGRAD), WINOGRAD_3X3];

for (const { tile, taps, positions, ...kernels } of forms) {
  const form = { tile, taps };
  for (const [chosen, allowed] of [
    [maps.filter(({ scale }) => !scale), tolerance],
    [maps.filter(({ scale }) => scale), large],
  ] as const) {
    const images = chosen.map(({ name, shape, first = 0, count = shape[1], scale }, i) => {
      const [G, N, C, H, W] = shape;
      const row = Math.ceil((W + taps - 1) / 4) * 4;
      return {
        name,
        frame: tensor([G, N, C, H + taps - 1, row], i + 1, { scale }),
        // For 3x3 the border is whatever the operation before has left.
        image: tensor(shape, i + 1, { layout: bordered(W, taps === 5 ? 2 : i % 3), scale }),
        attributes: { first, count },
        map: [H, W] as const,
        scale,
      };
    });
    testKernel(kernels.input, {
      spreads: true, // terms that two rows share come to a row that has zero there
      cases: images.map(({ name, frame, attributes, map }) => ({
        name,
        inputs: { x: frame },
        attributes: { ...attributes, map },
      })),
      reference: ({ x }, range) => ({
        transformed: reference.winogradInput(x.data, x.shape, form, range),
      }),
      tolerance: allowed,
    });

    testKernel(kernels.gradient, {
      spreads: true, // terms that two rows share come to a row that has zero there
      cases: images.map(({ name, image, attributes }) => ({
        name,
        inputs: { dy: image },
        attributes,
      })),
      reference: ({ dy }, range) => ({
        dproduct: reference.winogradGradient(dy.data, dy.shape, form, range),
      }),
      tolerance: allowed,
    });

    testKernel(kernels.output, {
      spreads: true, // terms that two rows share come to a row that has zero there
      cases: images.map(({ name, image: { shape }, attributes, scale }, i) => {
        const [G, N, O, H, W] = shape;
        const tiles = attributes.count * Math.ceil(H / tile) * Math.ceil(W / tile);
        const product = tensor([G, positions, O, Math.ceil(tiles / 4) * 4], i, { scale });
        return {
          name,
          inputs: { product },
          attributes: { ...attributes, images: N, height: H, width: W },
        };
      }),
      reference: ({ product }, { images: N, height, width, first, count }) => {
        const [G, , O] = product.shape;
        const shape = [G, N, O, height, width];
        const y = reference.winogradOutput(product.data, shape, form, { first, count });
        const image = O * height * width;
        return {
          // Images outside of the range keep the poison.
          y: y.map((value, at) => {
            const n = Math.floor(at / image) % N;
            return n >= first && n < first + count ? value : NaN;
          }),
        };
      },
      tolerance: allowed,
    });
  }

  const filters = [
    [1, 1, 1],
    [2, 3, 5],
    [1, 9, 8],
    [3, 16, 7],
    [1, 70, 3],
  ];
  testKernel(kernels.weight, {
    spreads: true, // terms that two rows share come to a row that has zero there
    cases: filters.flatMap(([G, C, O]) =>
      [false, true].map((flipped) => ({
        name: `G = ${G}, C = ${C}, O = ${O}${flipped ? ', flipped' : ''}`,
        inputs: { weight: tensor([G, C, taps, taps, O], C) },
        attributes: { flipped },
      })),
    ),
    reference: ({ weight }, { flipped }) => ({
      filters: reference.winogradWeight(weight.data, weight.shape, form, flipped),
    }),
    tolerance,
  });

  testKernel(kernels.weightGradient, {
    spreads: true, // terms that two rows share come to a row that has zero there
    cases: filters.map(([G, C, O]) => ({
      name: `G = ${G}, C = ${C}, O = ${O}`,
      inputs: { dfilters: tensor([G, positions, C, O], O) },
      attributes: undefined,
    })),
    reference: ({ dfilters }) => ({
      dweight: reference.winogradWeightGradient(dfilters.data, dfilters.shape, form),
    }),
    tolerance,
  });
}

const ofSubgroups = [winogradProductSubgroup, winogradProductNarrowSubgroup];
for (const kernel of [winogradProduct, ...(lanes >= 4 ? ofSubgroups : [])]) {
  testKernel<'left' | 'right', 'product', ProductAttributes>(kernel, {
    cases: [
      [1, 1, 1, 1, 4],
      [2, 3, 5, 7, 12],
      [1, 2, 16, 4, 32],
      [1, 2, 17, 9, 36],
      [1, 3, 32, 8, 520],
      [2, 1, 33, 3, 260],
      [1, 1, 70, 30, 20],
      [2, 3, 1, 4, 4],
      [1, 2, 8, 6, 520],
      [1, 2, 9, 8, 16],
      [1, 2, 64, 28, 12],
    ]
      .filter(([, , , K]) => kernel !== winogradProductNarrowSubgroup || K % 4 === 0)
      .flatMap(([G, P, I, K, J]) =>
        [4, 64].map((threads) => ({
          name: `G = ${G}, P = ${P}, ${I}x${K} by ${K}x${J}, ${threads} threads`,
          inputs: { left: tensor([G, P, I, K], 1), right: tensor([G, P, K, J], 2) },
          attributes: { workgroupSize: Math.max(threads, mostLanes) },
        })),
      ),
    reference: ({ left, right }) => {
      const [G, P, I, K] = left.shape;
      const shape = [G * P, I, K, right.shape[3]];
      return { product: reference.winogradProduct(left.data, right.data, shape) };
    },
    tolerance: { absolute: 2e-6, relative: 1e-6 }, // at most 30 products below 1
  });
}

describe('the reference', () => {
  it.each(forms)('is the convolution and its weight gradient in f64, F($tile, $taps)', (form) => {
    const [G, N, C, O, H, W] = [2, 3, 2, 3, 7, 9];
    const { tile, taps } = form;
    const frame = [G, N, C, H + taps - 1, W + taps - 1];
    const [ofWeight, ofY] = [
      [G, C, taps, taps, O],
      [G, N, O, H, W],
    ];
    const x = uniform(size(frame), 1);
    const weight = uniform(size(ofWeight), 2);
    const dy = uniform(size(ofY), 3);
    const range = { first: 0, count: N, map: [H, W] as const };
    const P = (tile + taps - 1) ** 2;
    const v = reference.winogradInput(x, frame, form, range);
    const T = v.length / (G * P * C);
    const u = reference.winogradWeight(weight, ofWeight, form, false);
    const product = reference.winogradProduct(u, v, [G * P, O, C, T]);
    const y = reference.winogradOutput(product, ofY, form, range);
    const dproduct = reference.winogradGradient(dy, ofY, form, range);
    const dfilters = reference.winogradProduct(v, dproduct, [G * P, C, T, O]);
    const dweight = reference.winogradWeightGradient(dfilters, [G, P, C, O], form);
    const window = { taps, stride: 1, before: [0, 0] as const };
    const worst = (a: Float64Array, b: Float64Array) =>
      a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
    const direct = convForward(x, frame, weight, undefined, ofY, window);
    expect(worst(y, direct)).toBeLessThan(1e-12);
    const gradient = convBackwardWeight(x, frame, dy, ofY, window);
    expect(worst(dweight, gradient)).toBeLessThan(1e-11);
    expect(dweight).toHaveLength(size(ofWeight));
  });
});
