import { describe, expect, it } from 'vitest';
import { cannyEdges, cannyGradient, type CannyThresholds } from '../../src/kernels/canny';
import * as reference from '../../src/kernels/reference/canny';
import { tensor, testKernel } from '../support/kernel';
import {
  blank,
  brightPixel,
  checkerboard,
  draw,
  face,
  noise,
  ramp,
  spiral,
  stack,
  twoLevels,
  type Draw,
} from '../vision/images';

const thresholds: CannyThresholds = { highPercentile: 0.9, lowRatio: 0.4 };
const integers = { absolute: 0, relative: 0 }; // bit for bit

const images: { name: string; size: [number, number]; rules: Draw[] }[] = [
  { name: '48x48 faces', size: [48, 48], rules: [face, noise(1), spiral] },
  { name: '96x96 faces', size: [96, 96], rules: [face, spiral] },
  { name: 'blank: all 0, all 127, all 255', size: [20, 9], rules: [0, 127, 255].map(blank) },
  { name: '1x1', size: [1, 1], rules: [blank(200)] },
  { name: '1xN', size: [40, 1], rules: [ramp, twoLevels, noise(2)] },
  { name: 'Nx1', size: [1, 40], rules: [noise(3)] },
  { name: '2x2', size: [2, 2], rules: [noise(4), checkerboard] },
  { name: 'odd sizes', size: [33, 17], rules: [face, noise(5), noise(6, 100, 103)] },
  { name: 'one bright pixel', size: [15, 15], rules: [brightPixel] },
  { name: 'two levels', size: [12, 14], rules: [twoLevels, (x, y) => twoLevels(y, x, 14, 12)] },
  { name: 'steepest step', size: [12, 12], rules: [(x, y) => (x + y < 12 ? 0 : 255)] },
  { name: 'checkerboard', size: [31, 32], rules: [checkerboard] },
  { name: 'ramp', size: [64, 20], rules: [ramp, (x, y) => x + y, (x, y) => 100 + x - y] },
  { name: 'wider than high', size: [150, 11], rules: [face, spiral] },
  { name: '192x192', size: [192, 192], rules: [spiral] },
  {
    name: 'many images',
    size: [5, 7],
    rules: Array.from({ length: 200 }, (_, i) => noise(i)),
  },
];

const pictures = images.map(({ name, size: [width, height], rules }) => ({
  name,
  x: tensor([rules.length, height, width], stack(width, height, ...rules)),
}));

function gradients(x: ReturnType<typeof tensor>) {
  return tensor(x.shape, reference.cannyGradient(x), { dtype: 'u32' });
}

testKernel(cannyGradient, {
  cases: pictures.map(({ name, x }) => ({ name, inputs: { x }, attributes: undefined })),
  reference: ({ x }) => ({ gradient: reference.cannyGradient(x) }),
  finite: ['x'], // pixels, as whole numbers
  tolerance: integers,
});

testKernel(cannyEdges, {
  cases: [
    ...pictures.map(({ name, x }) => ({
      name,
      inputs: { gradient: gradients(x) },
      attributes: thresholds,
    })),
    // A workgroup of one subgroup, as CPUs have them.
    ...[4, 8].flatMap((threads) =>
      pictures.map(({ name, x }) => ({
        name: `${threads} threads, ${name}`,
        inputs: { gradient: gradients(x) },
        attributes: { ...thresholds, threads },
      })),
    ),
    {
      name: 'hysteresis far from its seeds',
      inputs: { gradient: gradients(pictures[1].x) },
      attributes: { highPercentile: 0.999, lowRatio: 0.01 },
    },
    {
      name: 'every ridge',
      inputs: { gradient: gradients(pictures[0].x) },
      attributes: { highPercentile: 0.5, lowRatio: 0 },
    },
    {
      name: 'the highest only',
      inputs: { gradient: gradients(pictures[0].x) },
      attributes: { highPercentile: 1, lowRatio: 1 },
    },
  ],
  reference: ({ gradient }, attributes) => ({ edges: reference.cannyEdges(gradient, attributes) }),
  tolerance: integers,
  race: {
    name: 'race',
    inputs: { gradient: gradients(tensor([1, 4, 5], draw(5, 4, noise(9)))) },
    attributes: thresholds,
  },
});

describe('canny', () => {
  const edgesOf = (width: number, height: number, ...rules: Draw[]) => {
    const shape = [rules.length, height, width];
    const gradient = reference.cannyGradient({ shape, data: stack(width, height, ...rules) });
    return reference.cannyEdges({ shape, data: gradient }, thresholds);
  };

  it('finds the one step of a two-level image, one pixel wide', () => {
    const edges = edgesOf(16, 12, twoLevels);
    for (let y = 0; y < 12; y++) {
      const row = [...edges.slice(y * 16, y * 16 + 16)];
      expect(row.reduce((a, b) => a + b)).toBe(1);
      expect([7, 8]).toContain(row.indexOf(1));
    }
  });

  it('finds nothing in a blank image', () => {
    expect(edgesOf(20, 20, blank(127)).every((edge) => edge === 0)).toBe(true);
  });

  it('does not depend on contrast or brightness', () => {
    const low: Draw = (x, y, w, h) => 40 + 16 * Math.floor(face(x, y, w, h) / 64);
    const high: Draw = (x, y, w, h) => 10 + 64 * Math.floor(face(x, y, w, h) / 64);
    expect(edgesOf(48, 48, low)).toEqual(edgesOf(48, 48, high));
  });

  it('refuses what the bit maps cannot hold', () => {
    const gradient = tensor([1, 256, 256], []);
    expect(() => cannyEdges.outputs({ gradient }, thresholds)).toThrow(/192x192/);
  });
});
