import { expect, it } from 'vitest';
import {
  claheApply,
  claheBinsApply,
  claheBinsTables,
  claheLevels,
  claheTables,
} from '../../src/kernels/clahe';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/clahe';
import { random } from '../support/random';
import { tensor, testKernel } from '../support/kernel';

interface Case {
  name: string;
  shape: [number, number, number];
  clipLimit: number;
  tiles: readonly [number, number];
  /** Levels of grey; 256 where not given. */
  levels?: number;
}

const cases: Case[] = [
  { name: 'OpenCV’s defaults', shape: [1, 48, 48], clipLimit: 40, tiles: [8, 8] },
  { name: 'a low limit', shape: [1, 48, 48], clipLimit: 2, tiles: [4, 4] },
  { name: 'no limit', shape: [1, 32, 32], clipLimit: 0, tiles: [4, 4] },
  { name: 'one tile', shape: [1, 16, 16], clipLimit: 3, tiles: [1, 1] },
  { name: 'several images', shape: [3, 24, 24], clipLimit: 2, tiles: [3, 3] },
  { name: 'unequal tiles', shape: [1, 30, 20], clipLimit: 2, tiles: [2, 5] },
  { name: 'extents that do not divide', shape: [2, 19, 23], clipLimit: 2, tiles: [4, 3] },
  { name: 'one extent that does not divide', shape: [1, 24, 23], clipLimit: 4, tiles: [4, 4] },
  { name: '1x1', shape: [1, 1, 1], clipLimit: 2, tiles: [1, 1] },
  { name: 'fewer pixels than tiles', shape: [1, 3, 2], clipLimit: 2, tiles: [4, 4] },
  { name: 'one grey level', shape: [1, 16, 16], clipLimit: 2, tiles: [2, 2], levels: 1 },
  { name: 'two grey levels', shape: [1, 20, 20], clipLimit: 2, tiles: [2, 2], levels: 2 },
  { name: 'a limit below one pixel', shape: [1, 16, 16], clipLimit: 0.01, tiles: [4, 4] },
];

const picture = ({ shape, levels = 256 }: Case) => {
  const next = random(size(shape));
  return tensor(
    shape,
    Array.from({ length: size(shape) }, () => Math.floor(next() * next() * levels)),
  );
};

testKernel(claheTables, {
  cases: cases.map((c) => ({
    name: c.name,
    inputs: { x: picture(c) },
    attributes: { clipLimit: c.clipLimit, tiles: c.tiles },
  })),
  reference: ({ x }, attributes) => ({
    table: reference.claheTables(x, attributes as reference.ClaheOptions),
  }),
  finite: ['x'], // pixels, as whole numbers
  tolerance: { absolute: 0, relative: 0 },
  race: {
    name: 'tiny',
    inputs: { x: tensor([1, 2, 2], [0, 3, 255, 3]) },
    attributes: { clipLimit: 2, tiles: [1, 1] },
  },
});

testKernel(claheApply, {
  cases: cases.map((c) => {
    const x = picture(c);
    const [tx, ty] = c.tiles;
    const table = reference.claheTables(x, c);
    return {
      name: c.name,
      inputs: { x, table: tensor([c.shape[0], ty, tx, 256], table, { dtype: 'u32' }) },
      attributes: { clipLimit: c.clipLimit, tiles: c.tiles },
    };
  }),
  reference: ({ x, table }, attributes) => ({
    y: reference.claheApply(x, table.data, attributes as reference.ClaheOptions),
  }),
  finite: ['x'], // pixels, as whole numbers
  tolerance: { absolute: 0, relative: 0 },
});

interface Adapthist {
  name: string;
  shape: [number, number, number];
  kernelSize: readonly [number, number];
  clipLimit?: number;
  bins?: number;
  /** Levels of grey; 256 where not given. */
  levels?: number;
}

const adapthists = (
  [
    { name: 'scikit-image’s defaults', shape: [1, 48, 48], kernelSize: [6, 6] },
    { name: 'no limit', shape: [1, 24, 24], kernelSize: [6, 6], clipLimit: 0 },
    { name: 'a limit that leaves most', shape: [1, 20, 20], kernelSize: [20, 20], clipLimit: 0.2 },
    { name: 'several images', shape: [3, 24, 24], kernelSize: [8, 8], clipLimit: 0.03 },
    { name: 'extents that do not divide', shape: [2, 19, 23], kernelSize: [7, 4], clipLimit: 0.05 },
    { name: 'a tile larger than the picture', shape: [1, 3, 2], kernelSize: [11, 9] },
    { name: '1x1', shape: [1, 1, 1], kernelSize: [1, 1] },
    { name: 'one grey level', shape: [2, 9, 9], kernelSize: [4, 4], levels: 1 },
    { name: 'two grey levels', shape: [1, 20, 20], kernelSize: [5, 5], levels: 2 },
    { name: '2 bins', shape: [1, 12, 12], kernelSize: [4, 5], bins: 2 },
    { name: '100 bins', shape: [1, 30, 31], kernelSize: [30, 15], clipLimit: 0.01, bins: 100 },
    { name: '1024 bins', shape: [1, 40, 40], kernelSize: [40, 40], clipLimit: 0.004, bins: 1024 },
  ] satisfies Adapthist[]
).map(({ name, shape, kernelSize, levels, ...given }: Adapthist) => {
  const attributes = { kernelSize, clipLimit: 0.01, bins: 256, ...given };
  const x = picture({ name, shape, levels, clipLimit: 0, tiles: [1, 1] });
  const data = reference.claheLevels(x, attributes.bins);
  return { name, x, bin: tensor(shape, data, { dtype: 'u32' }), attributes };
});
const race = { kernelSize: [2, 3], clipLimit: 0.3, bins: 5 } as const;

testKernel(claheLevels, {
  cases: [
    ...adapthists.map(({ name, x, attributes }) => ({ name, inputs: { x }, attributes })),
    { name: 'any values', inputs: { x: tensor([2, 9, 7], 5) }, attributes: race },
  ],
  reference: ({ x }, { bins }) => ({ bin: reference.claheLevels(x, bins!) }),
  finite: ['x'], // pixels
  tolerance: { absolute: 0, relative: 0 },
  race: { name: 'tiny', inputs: { x: tensor([1, 2, 3], 5) }, attributes: race },
});

testKernel(claheBinsTables, {
  cases: adapthists.map(({ name, bin, attributes }) => ({ name, inputs: { bin }, attributes })),
  reference: ({ bin }, attributes) => ({
    table: reference.claheBinsTables(bin, attributes as reference.AdapthistOptions),
  }),
  tolerance: { absolute: 0, relative: 0 },
  race: {
    name: 'tiny',
    inputs: { bin: tensor([1, 4, 3], [0, 4, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0], { dtype: 'u32' }) },
    attributes: race,
  },
});

// Whole numbers but the last quotient, which is rounded twice.
testKernel(claheBinsApply, {
  cases: adapthists.map(({ name, bin, attributes }) => {
    const table = reference.claheBinsTables(bin, attributes);
    const [n, h, w] = bin.shape;
    const [rows, columns] = attributes.kernelSize;
    const shape = [n, Math.ceil(h / rows), Math.ceil(w / columns), attributes.bins];
    return { name, inputs: { bin, table: tensor(shape, table, { dtype: 'u32' }) }, attributes };
  }),
  reference: ({ bin, table }, attributes) => ({
    y: reference.claheBinsApply(bin, table.data, attributes as reference.AdapthistOptions),
  }),
  tolerance: { absolute: 1e-6, relative: 0 },
});

it('is scikit-image’s equalize_adapthist', () => {
  // skimage 0.19.3, of bytes; there a level may round down by one of 2^14.
  for (const [shape, kernelSize, clipLimit, bins, expected] of [
    [[1, 6, 7], [3, 2], 0.3, 16, [0.09089, 0.27274, 0.27274, 0.81815, 1, 0.45452, 0, 0.81815, 0.63637, 0.54541]], // prettier-ignore
    [[1, 9, 5], [4, 4], 0.1, 256, [0, 0.2, 0.33333, 0.71667, 1, 0.46667, 0.06667, 0.93333, 0.63333, 0.5]], // prettier-ignore
    [[1, 16, 16], [2, 2], 0, 256, [0.2, 0.46667, 0.46667, 1, 1, 0.73333, 0.06667, 1, 0.73333, 0.46667]], // prettier-ignore
    [[1, 8, 8], [8, 8], 0.02, 100, [0, 0.09524, 0.30159, 0.63492, 1, 0.50794, 0.03175, 0.85714, 0.61905, 0.52381]], // prettier-ignore
    [[1, 4, 4], [1, 1], 0.01, 256, [1]],
  ] as const) {
    const data = Array.from({ length: size(shape) }, (_, i) => {
      return expected.length === 1 ? 7 : ((i * i * 13 + i * 7) % 251) + 2;
    });
    const bin = { shape, data: reference.claheLevels({ shape, data }, bins) };
    const options = { kernelSize, clipLimit, bins };
    const y = reference.claheBinsApply(bin, reference.claheBinsTables(bin, options), options);
    expected.forEach((value, i) => expect(Math.abs(y[i] - value)).toBeLessThan(3e-4));
  }
});

it('refuses tiles, limits and bins that mean nothing', () => {
  const x = tensor([1, 2, 2], 1);
  expect(() => claheLevels.outputs({ x: tensor([4], 1) }, {})).toThrow(/dense \[N, H, W\]/);
  expect(() => claheLevels.outputs({ x }, { kernelSize: 0 })).toThrow(/whole numbers, not \[0\]/);
  expect(() => claheLevels.outputs({ x }, { kernelSize: 1024 })).toThrow(/at most 262144/);
  expect(() => claheLevels.outputs({ x }, { clipLimit: -1 })).toThrow(/0 or more, not -1/);
  expect(() => claheLevels.outputs({ x }, { bins: 1 })).toThrow(/2 to 1024 bins, not 1/);
});
