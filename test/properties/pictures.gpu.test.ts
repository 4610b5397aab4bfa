import fc from 'fast-check';
import {
  chamferTransform,
  clahe,
  distanceTransform,
  equalize,
  equalizeAdapthist,
  nearestEdge,
} from '../../src/eager';
import { size } from '../../src/kernels/kernel';
import * as claheReference from '../../src/kernels/reference/clahe';
import * as distances from '../../src/kernels/reference/distance_transform';
import { histogramEqualizationForward } from '../../src/kernels/reference/histogram_equalization';
import { random } from '../support/random';
import { expectClose, extent, property } from '../support/property';

const shape = fc.tuple(extent(3), extent(20), extent(20));

const edgeCases = fc.record({
  shape,
  share: fc.constantFrom(0, 0.01, 0.2),
  squared: fc.boolean(),
  seed: fc.nat(),
});
type EdgeCase = typeof edgeCases extends fc.Arbitrary<infer T> ? T : never;

function edgesOf({ shape, share, seed }: Pick<EdgeCase, 'shape' | 'share' | 'seed'>) {
  const next = random(seed);
  return { shape, data: Uint32Array.from({ length: size(shape) }, () => Number(next() < share)) };
}

property('distance_transform', edgeCases, async (gpu, { squared, ...c }) => {
  const edges = edgesOf(c);
  const { distance } = await distanceTransform(gpu, { edges }, { squared });
  const expected = distances.squaredDistance(edges);
  const tolerance = { absolute: 0, relative: squared ? 0 : 5e-7 };
  expectClose('distance', distance, squared ? expected : expected.map(Math.sqrt), tolerance);
  const { index } = await nearestEdge(gpu, { edges });
  expectClose('index', index, distances.nearestEdge(edges));
});

const chamferCases = fc.record({
  shape,
  share: fc.constantFrom(0, 0.01, 0.2),
  side: fc.constantFrom(3, 5),
  costs: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 25, maxLength: 25 }),
  seed: fc.nat(),
});

property('chamfer_transform', chamferCases, async (gpu, { side, costs, ...c }) => {
  const edges = edgesOf(c);
  const data = Float32Array.from(costs.slice(0, side * side));
  const mask = { shape: [side, side], data };
  const { distance } = await chamferTransform(gpu, { edges, mask }, { scale: 0.25 });
  expectClose(
    'distance',
    distance,
    distances.chamferSweeps(edges, { side, costs: data, scale: 0.25 }),
  );
});

function pictureOf(shape: readonly number[], seed: number, levels: number) {
  const next = random(seed);
  return {
    shape,
    data: Float32Array.from({ length: size(shape) }, () => Math.floor(next() * next() * levels)),
  };
}

const pictureCases = fc.record({
  shape,
  levels: fc.constantFrom(1, 2, 16, 256),
  seed: fc.nat(),
  clipLimit: fc.constantFrom(0, 0.5, 2, 40),
  tiles: fc.tuple(extent(5), extent(5)),
});

property('equalize', pictureCases, async (gpu, { shape, seed, levels }) => {
  const x = pictureOf(shape, seed, levels);
  const plain = await equalize(gpu, { x });
  expectClose('y', plain.y, histogramEqualizationForward(x, { v: 1, r: 1, pl: 0 }));
  const weighted = await equalize(gpu, { x }, { preset: 'paper' });
  expectClose('y', weighted.y, histogramEqualizationForward(x, { v: 0.5, r: 1, pl: 1e-4 }));
});

property('clahe', pictureCases, async (gpu, { shape, seed, levels, ...attributes }) => {
  const x = pictureOf(shape, seed, levels);
  const table = claheReference.claheTables(x, attributes);
  const { y } = await clahe(gpu, { x }, attributes);
  expectClose('y', y, claheReference.claheApply(x, table, attributes));
});

const adapthistCases = fc.record({
  shape,
  levels: fc.constantFrom(1, 2, 16, 256),
  seed: fc.nat(),
  clipLimit: fc.constantFrom(0, 0.01, 0.1, 0.6),
  bins: fc.constantFrom(2, 16, 256),
  kernelSize: fc.tuple(extent(9), extent(9)),
});

property('equalize_adapthist', adapthistCases, async (gpu, { shape, seed, levels, ...options }) => {
  const x = pictureOf(shape, seed, levels);
  const bin = { shape, data: claheReference.claheLevels(x, options.bins) };
  const table = claheReference.claheBinsTables(bin, options);
  const { y } = await equalizeAdapthist(gpu, { x }, options);
  const expected = claheReference.claheBinsApply(bin, table, options);
  expectClose('y', y, expected, { absolute: 1e-6, relative: 0 });
});
