import { claheApply, claheTables, type ClaheAttributes } from '../../src/kernels/clahe';
import {
  claheApply as applyReference,
  claheTables as tablesReference,
} from '../../src/kernels/reference/clahe';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Shape = readonly [images: number, height: number, width: number];

function given(shape: Shape, { clipLimit = 0, tiles = [2, 2] }: ClaheAttributes) {
  const count = shape.reduce((a, b) => a * b);
  const x = tensor(
    shape,
    Array.from({ length: count }, (_, i) => 60 + ((i * i * 13) % 120)),
  );
  const options = { clipLimit, tiles };
  const table = tablesReference({ shape, data: x.data }, options);
  const name = `[${shape}], ${tiles[0]} x ${tiles[1]} tiles${clipLimit ? `, limit ${clipLimit}` : ''}`;
  return { x, options, table, name };
}

function tables(shape: Shape, attributes: ClaheAttributes = {}): Dispatch {
  const { x, options, table, name } = given(shape, attributes);
  return dispatchOf(claheTables, name, { x }, options, { table });
}

function apply(shape: Shape, attributes: ClaheAttributes = {}): Dispatch {
  const { x, options, table, name } = given(shape, attributes);
  const [images, [across, down]] = [shape[0], options.tiles];
  const made = tensor([images, down, across, 256], table, 'u32');
  const y = applyReference({ shape, data: x.data }, table, options);
  const dispatch = dispatchOf(claheApply, name, { x, table: made }, options, { y });
  return inWorkgroupsOf(8, y.length, dispatch);
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'row',
      title: 'Two rows',
      task: 'The running sum reads one row of `sums` and writes the other. This version reads and writes the same one.',
      shader: claheTables.shader,
      faults: [['    row = LEVELS - row;\n', '']],
      fails: ['race', 'value'],
      shown: tables([1, 4, 4], { tiles: [1, 1] }),
      hidden: [tables([1, 5, 6], { clipLimit: 40 }), tables([2, 3, 4], { tiles: [2, 1] })],
      hints: [
        'Thread k reads what thread k - distance may already have changed.',
        'Switch rows between reading and writing: from 0 to LEVELS, and back.',
      ],
    },
    {
      id: 'write',
      title: 'Between four tiles',
      task: 'Mix the two upper tiles, the two lower ones, then both. The weights are out of left_x + weight_x and left_y + weight_y; the division comes below.',
      shader: claheApply.shader,
      faults: [
        [
          `  let upper = entry(image, y0, x0, level) * left_x + entry(image, y0, x1, level) * weight_x;
  let lower = entry(image, y1, x0, level) * left_x + entry(image, y1, x1, level) * weight_x;
  let sum = upper * left_y + lower * weight_y;
`,
          '  let sum = 0u; // Yours.\n',
        ],
      ],
      fails: ['value'],
      shown: apply([1, 4, 6]),
      hidden: [apply([2, 5, 7], { clipLimit: 40 }), apply([1, 6, 4], { tiles: [1, 3] })],
      hints: ['The table of a tile for this grey level is entry(image, tile_y, tile_x, level).'],
    },
  ],
};
export default lesson;
