import { claheApply, claheTables } from '../../src/kernels/clahe';
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
