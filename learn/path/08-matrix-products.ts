import { gemmForward } from '../../src/kernels/gemm';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';
import ladder, { matmul, product, type Sizes } from '../ladder/matmul';
import coalesced from '../ladder/matmul/2_coalesced.wgsl';
import tile from '../ladder/matmul/3_tile.wgsl';

const line = (...sizes: Sizes) => matmul(sizes, (m, n) => [Math.ceil((m * n) / 64), 1, 1]);
const tiles = (...sizes: Sizes) => matmul(sizes, (m, n) => [Math.ceil(n / 8), Math.ceil(m / 8), 1]);

export function real(...sizes: Sizes): Dispatch {
  const [m, k, n] = sizes;
  const [a, b, c] = [tensor([m, k], 1), tensor([k, n], 2), tensor([1], 3)];
  const y = product(a.data, b.data, sizes);
  const name = `[${m}, ${k}] times [${k}, ${n}]`;
  const made = dispatchOf(gemmForward, name, { a, b, c }, {}, { y });
  return inWorkgroupsOf(4, Math.ceil(m / 4) * Math.ceil(n / 4), made);
}

const tolerance = { absolute: 1e-5, relative: 1e-5 };

const lesson: Lesson = {
  ladder,
  exercises: [
    {
      id: 'coalesced',
      title: 'Neighbours read neighbours',
      shader: coalesced,
      faults: [
        ['  let m = id.x / params.columns;', '  let m = id.x % params.rows;'],
        ['  let n = id.x % params.columns;', '  let n = id.x / params.rows;'],
      ],
      fails: ['cost'],
      tolerance,
      most: { segments: 1 },
      shown: line(8, 6, 16),
      hidden: [line(5, 7, 9), line(1, 3, 70)],
      timed: () => line(256, 256, 256),
      hints: [
        'Threads 0 and 1: which numbers of b do they read? How far apart are they?',
        'm is the row of y and n its column. Neighbouring threads should differ in n.',
      ],
    },
    {
      id: 'second',
      title: 'The second barrier',
      shader: tile,
      faults: [
        [
          `b_tile[k * TILE + local.x];
    }
    workgroupBarrier();
`,
          `b_tile[k * TILE + local.x];
    }
`,
        ],
      ],
      fails: ['race', 'value'],
      tolerance,
      most: { reads: 4 },
      shown: tiles(8, 16, 8),
      hidden: [tiles(9, 17, 10), tiles(3, 2, 20)],
      timed: () => tiles(256, 256, 256),
      hints: [
        'One barrier says "all have fetched". What says "all have read, fetch the next tile"?',
        'It stands at the end of the loop over the tiles, after the multiplication.',
      ],
    },
    {
      id: 'registers',
      title: 'The last row',
      shader: gemmForward.shader,
      faults: [['min(m + 3u, last_row)', '(m + 3u)']],
      fails: ['bounds'],
      tolerance,
      most: { reads: 5 },
      shown: real(6, 4, 8),
      hidden: [real(7, 9, 10), real(1, 5, 3)],
      timed: () => real(256, 256, 256),
      hints: [
        'Six rows and tiles of four: the second tile reaches beyond the end.',
        'a1 and a2 are held back by min(…, last_row). What about a3?',
      ],
    },
  ],
};
export default lesson;
