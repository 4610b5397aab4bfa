import { describe, expect, it } from 'vitest';
import {
  edgeEnhancementForward,
  type EnhancementAttributes,
} from '../../src/kernels/edge_enhancement';
import * as canny from '../../src/kernels/reference/canny';
import * as reference from '../../src/kernels/reference/edge_enhancement';
import { random } from '../support/random';
import { tensor, testKernel } from '../support/kernel';
import {
  blank,
  brightPixel,
  checkerboard,
  face,
  noise,
  ramp,
  spiral,
  stack,
  twoLevels,
  type Draw,
} from '../vision/images';

const at48: EnhancementAttributes = {
  mode: 'sharpen',
  chamfer: '3-4',
  radius: 3,
  lambda: 1.5,
  sigma: 1,
};
const at96 = { ...at48, radius: 6, sigma: 2 };

/** Images with Canny's edges, or edges at random places. */
function inputs([width, height]: [number, number], rules: Draw[], random?: () => boolean) {
  const shape = [rules.length, height, width];
  const x = tensor(shape, stack(width, height, ...rules));
  const gradient = { shape, data: canny.cannyGradient(x) };
  const edges = random
    ? Array.from(x.data, () => Number(random()))
    : canny.cannyEdges(gradient, { highPercentile: 0.9, lowRatio: 0.4 });
  return { x, edges: tensor(shape, edges, { dtype: 'u32' }) };
}

const scattered = (seed: number, share: number) => {
  const next = random(seed);
  return () => next() < share;
};

const cases = [
  { name: '48x48 faces', inputs: inputs([48, 48], [face, spiral]), attributes: at48 },
  { name: '96x96 face', inputs: inputs([96, 96], [face]), attributes: at96 },
  { name: 'blank', inputs: inputs([20, 20], [0, 127, 255].map(blank)), attributes: at48 },
  { name: '1x1', inputs: inputs([1, 1], [blank(3)], () => true), attributes: at48 },
  { name: '1xN', inputs: inputs([37, 1], [ramp, noise(1)], scattered(1, 0.1)), attributes: at96 },
  { name: 'Nx1', inputs: inputs([1, 37], [noise(2)], scattered(2, 0.1)), attributes: at48 },
  { name: 'odd sizes', inputs: inputs([33, 17], [face, noise(3)]), attributes: at96 },
  { name: 'one bright pixel', inputs: inputs([16, 15], [brightPixel]), attributes: at48 },
  { name: 'two levels', inputs: inputs([19, 32], [twoLevels]), attributes: at48 },
  { name: 'checkerboard', inputs: inputs([18, 18], [checkerboard]), attributes: at48 },
  {
    name: 'sparse edges, widest window',
    inputs: inputs([50, 49], [noise(5)], scattered(3, 0.002)),
    attributes: { ...at48, radius: 20, sigma: 8 },
  },
  {
    name: 'a blur wider than the distances',
    inputs: inputs([30, 30], [face], scattered(4, 0.05)),
    attributes: { ...at48, radius: 1.5, sigma: 3 },
  },
  {
    name: 'all edges',
    inputs: inputs([16, 16], [noise(6)], () => true),
    attributes: at48,
  },
  {
    name: 'many images',
    inputs: inputs(
      [6, 5],
      Array.from({ length: 60 }, (_, i) => noise(i)),
      scattered(5, 0.1),
    ),
    attributes: at48,
  },
];

/** A workgroup of one subgroup, as CPUs have them. */
const ofOneSubgroup = cases.flatMap((given) =>
  [4, 8].map((threads) => ({
    ...given,
    name: `${threads} threads, ${given.name}`,
    attributes: { ...given.attributes, threads },
  })),
);

const everyMode = (['sharpen', 'map'] as const).flatMap((mode) =>
  (['3-4', '5-7-11', '1-1'] as const).flatMap((chamfer) =>
    cases.map(({ name, inputs: given, attributes }) => ({
      name: `${mode}, ${chamfer}, ${name}`,
      inputs: given,
      attributes: { ...attributes, mode, chamfer },
    })),
  ),
);

// The reference makes w from the full transforms and the blur in two dimensions. Before rounding the two
// differ by some 1e-4 of a grey level. So where the exact value is within 2e-3 of a half, either neighbour
// is right (the reference gives the half); everywhere else a tolerance below one level means equal.
testKernel(edgeEnhancementForward, {
  cases: [...everyMode, ...ofOneSubgroup],
  reference: ({ x, edges }, attributes) => ({
    y: reference.enhanced(x, edges, attributes).map((value) => {
      const half = Math.floor(value) + 0.5;
      return Math.abs(value - half) < 2e-3 ? half : Math.floor(value + 0.5);
    }),
  }),
  finite: ['x'], // pixels, as whole numbers
  tolerance: { absolute: 0.5, relative: 0 },
  race: { name: 'race', inputs: inputs([3, 3], [noise(7)], () => true), attributes: at48 },
});

describe('edge enhancement', () => {
  it('leaves an image without edges alone, and maps it to 0', () => {
    const { x, edges } = inputs([12, 12], [blank(127), blank(0)]);
    expect([...reference.edgeEnhancementForward(x, edges, at48)]).toEqual(Array.from(x.data));
    const map = reference.edgeEnhancementForward(x, edges, { ...at48, mode: 'map' });
    expect(map.every((value) => value === 0)).toBe(true);
  });

  it('refuses windows that do not fit', () => {
    const given = inputs([4, 4], [face]);
    expect(() => edgeEnhancementForward.outputs(given, { ...at48, radius: 21 })).toThrow(/21/);
  });
});
