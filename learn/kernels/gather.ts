import { gatherForward, segmentSum } from '../../src/kernels/gather';
import { gather, segmentSum as segmentSumReference } from '../../src/kernels/reference/gather';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Shape = readonly [outer: number, rows: number, inner: number];
type Type = 'u32' | 'i32';

function picked(shape: Shape, numbers: number[], dtype: Type = 'u32'): Dispatch {
  const [outer, rows, inner] = shape;
  const x = tensor(shape, 1);
  const indices = tensor([numbers.length], numbers, dtype);
  const y = gather(x.data, numbers, { outer, rows, inner, signed: dtype === 'i32' });
  const name = `rows ${numbers} of [${shape}]`;
  const made = dispatchOf(gatherForward, name, { x, indices }, { axis: 1 }, { y });
  return inWorkgroupsOf(4, y.length, made);
}

function added(shape: Shape, numbers: number[], count: number, dtype: Type = 'u32'): Dispatch {
  const [outer, , inner] = shape;
  const x = tensor(shape, 2);
  const segments = tensor([numbers.length], numbers, dtype);
  const signed = dtype === 'i32';
  const y = segmentSumReference(x.data, numbers, { outer, rows: count, inner, signed });
  const name = `[${shape}] into segments ${numbers} of ${count}`;
  const made = dispatchOf(segmentSum, name, { x, segments }, { axis: 1, count }, { y });
  return inWorkgroupsOf(4, y.length, made);
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'end',
      title: 'A row that is not there',
      task: 'A number past the end is to give zeros.',
      shader: gatherForward.shader,
      faults: [
        [
          `  if (row < params.rows) {
    value = x[(outer * params.rows + row) * params.inner + i % params.inner];
  }
`,
          '  value = x[(outer * params.rows + row) * params.inner + i % params.inner];\n',
        ],
      ],
      fails: ['bounds'],
      shown: picked([1, 3, 2], [2, 0, 3]),
      hidden: [picked([2, 4, 3], [3, 9, 1, 1]), picked([1, 5, 1], [-1, 0, -5, -6], 'i32')],
      hints: ['The rows are numbered from 0 to params.rows - 1.'],
    },
    {
      id: 'write',
      title: 'Add up by segment',
      task: 'The loop is missing: look at all P rows of x, in order, and add those whose segment is yours. Negative numbers count from the end with SIGNED. Nine lines.',
      shader: segmentSum.shader,
      faults: [
        [
          `  for (var p = 0u; p < params.picks; p++) {
    var row = segments[p];
    if (SIGNED == 1u && row >= 0x80000000u) {
      row += params.rows;
    }
    if (row == segment) {
      sum += x[first + p * params.inner];
    }
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      shown: added([1, 4, 2], [1, 0, 1, 2], 3),
      hidden: [
        added([2, 5, 3], [4, 4, 0, 1, 9], 5),
        added([1, 3, 1], [-1, 0, -2], 2, 'i32'),
        added([3, 1, 6], [0], 1),
      ],
      hints: [
        'Row p of x has its number for this column at first + p * params.inner.',
        'As u32 a negative number is 0x80000000 or more; adding params.rows wraps it round to its place.',
      ],
    },
  ],
};
export default lesson;
