import { describe, expect, it } from 'vitest';
import {
  distanceTransformChamfer,
  distanceTransformColumns,
  distanceTransformEuclidean,
  distanceTransformNearest,
  distanceTransformSweeps,
} from '../../src/kernels/distance_transform';
import * as reference from '../../src/kernels/reference/distance_transform';
import { random } from '../support/random';
import { tensor, testKernel } from '../support/kernel';

function edgeMap(shape: [number, number, number], edge: (x: number, y: number) => boolean) {
  const [images, height, width] = shape;
  const data = Array.from({ length: images * height * width }, (_, i) =>
    Number(edge(i % width, Math.floor(i / width) % height)),
  );
  return tensor(shape, data, { dtype: 'u32' });
}

const sparse = (seed: number, share: number) => {
  const next = random(seed);
  return () => next() < share;
};

const maps = {
  'one edge pixel in a corner': edgeMap([1, 48, 48], (x, y) => x === 0 && y === 0),
  'one edge pixel inside': edgeMap([1, 21, 33], (x, y) => x === 20 && y === 7),
  'no edges: H + W': edgeMap([2, 9, 14], () => false),
  'all edges': edgeMap([1, 8, 8], () => true),
  '1x1 without': edgeMap([1, 1, 1], () => false),
  '1x1 with': edgeMap([1, 1, 1], () => true),
  '1xN': edgeMap([1, 1, 50], (x) => x === 17),
  Nx1: edgeMap([1, 50, 1], (_, y) => y === 31),
  'one in a hundred': edgeMap([3, 48, 48], sparse(1, 0.01)),
  'one in ten': edgeMap([2, 33, 47], sparse(2, 0.1)),
  'a line': edgeMap([1, 40, 60], (x, y) => x === 2 * y),
  'far apart': edgeMap([1, 96, 96], (x, y) => (x === 0 && y === 95) || (x === 95 && y === 3)),
  'many images': edgeMap([100, 5, 4], sparse(3, 0.1)),
};
const cases = Object.entries(maps).map(([name, edges]) => ({ name, edges }));
const columns = cases.map(({ name, edges }) => ({
  name,
  edges,
  vertical: tensor(edges.shape, reference.distanceTransformColumns(edges), { dtype: 'u32' }),
}));
const byVertical = (vertical: object) => columns.find((c) => c.vertical === vertical)!.edges;

testKernel(distanceTransformColumns, {
  cases: cases.map(({ name, edges }) => ({ name, inputs: { edges }, attributes: undefined })),
  reference: ({ edges }) => ({ vertical: reference.distanceTransformColumns(edges) }),
  tolerance: { absolute: 0, relative: 0 },
});

// The square is a whole number below 2^24, so exact.
testKernel(distanceTransformEuclidean, {
  cases: columns.map(({ name, vertical }) => ({
    name: `squared, ${name}`,
    inputs: { vertical },
    attributes: { squared: true },
  })),
  reference: ({ vertical }) => ({ distance: reference.squaredDistance(byVertical(vertical)) }),
  tolerance: { absolute: 0, relative: 0 },
});

// WGSL lets sqrt be off by some units in the last place (6e-8 each).
testKernel(distanceTransformEuclidean, {
  cases: columns.map(({ name, vertical }) => ({ name, inputs: { vertical }, attributes: {} })),
  reference: ({ vertical }) => ({
    distance: reference.squaredDistance(byVertical(vertical)).map(Math.sqrt),
  }),
  tolerance: { absolute: 0, relative: 5e-7 },
});

// Two products, a sum and the root: a few roundings.
testKernel(distanceTransformEuclidean, {
  cases: columns.flatMap(({ name, vertical }) =>
    [[2, 0.5] as const, [0.1, 30] as const].map((sampling) => ({
      name: `${name}, pixels of ${sampling.join(' by ')}`,
      inputs: { vertical },
      attributes: { sampling },
    })),
  ),
  reference: ({ vertical }, { sampling }) => ({
    distance: reference.squaredDistance(byVertical(vertical), sampling).map(Math.sqrt),
  }),
  tolerance: { absolute: 0, relative: 1e-6 },
});

// One division of whole numbers: 2.5 units in the last place.
testKernel(distanceTransformChamfer, {
  cases: (['3-4', '5-7-11', '1-1'] as const).flatMap((mask) =>
    columns.map(({ name, vertical }) => ({
      name: `${mask}, ${name}`,
      inputs: { vertical },
      attributes: { mask },
    })),
  ),
  reference: ({ vertical }, { mask }) => ({
    distance: reference.chamferDistance(byVertical(vertical), mask),
  }),
  tolerance: { absolute: 0, relative: 3e-7 },
});

describe('chamfer distances stay near the Euclidean one', () => {
  const edges = maps['one edge pixel in a corner'];
  const euclidean = reference.squaredDistance(edges).map(Math.sqrt);
  it.each([
    ['3-4', 0.081],
    ['5-7-11', 0.021],
    ['1-1', 0.3],
  ])('%s within %f', (mask, share) => {
    reference.chamferDistance(edges, mask).forEach((value, i) => {
      expect(Math.abs(value - euclidean[i])).toBeLessThanOrEqual(share * euclidean[i]);
    });
  });
});

testKernel(distanceTransformNearest, {
  cases: columns.map(({ name, edges, vertical }) => ({
    name,
    inputs: { edges, vertical },
    attributes: undefined,
  })),
  reference: ({ edges }) => ({ index: reference.nearestEdge(edges) }),
  tolerance: { absolute: 0, relative: 0 },
});

/** Masks by the cost of a step aside, a diagonal one and a knight's move. */
function maskOf(side: number, diagonal: number, knight?: number) {
  const radius = knight === undefined ? 1 : 2;
  const extent = 2 * radius + 1;
  const costs = Array.from({ length: extent * extent }, (_, k) => {
    const a = Math.abs(Math.floor(k / extent) - radius);
    const b = Math.abs((k % extent) - radius);
    if (a + b === 0) return 0;
    if (a + b === 1) return side;
    if (a === 1 && b === 1) return diagonal;
    return a + b === 3 ? knight! : 3e38; // never taken
  });
  return tensor([extent, extent], costs);
}

const masks = {
  '3-4': maskOf(3, 4),
  '5-7-11': maskOf(5, 7, 11),
  'near Euclidean 3x3': maskOf(0.955, 1.3693),
  'near Euclidean 5x5': maskOf(1, 1.4, 2.1969),
  'no diagonals': maskOf(1, 3e38),
  'of no symmetry': tensor(
    [5, 5],
    Array.from({ length: 25 }, (_, k) => 1 + ((k * 7) % 11)),
  ),
};

testKernel(distanceTransformSweeps, {
  cases: Object.entries(masks).flatMap(([mask, costs], i) =>
    cases
      .filter(({ edges }, k) => edges.data.length < 4000 && (i === 0 || k % 2 === i % 2))
      .map(({ name, edges }) => ({
        name: `${mask}, ${name}`,
        inputs: { edges, mask: costs },
        attributes: { scale: i % 2 === 0 ? 0.25 : 1 },
      })),
  ),
  reference: ({ edges, mask }, { scale = 1 }) => ({
    distance: reference.chamferSweeps(edges, {
      side: mask.shape[0],
      costs: Array.from(mask.data, (cost) => (cost > 1e30 ? Infinity : cost)),
      scale,
    }),
  }),
  noInfinity: ['mask'], // of costs below 0 there is no least
  // Sums of at most 100 costs, one after another.
  tolerance: { absolute: 0, relative: 6e-6 },
});
