import { bordered, type Layout } from '../../src/kernels/kernel';
import { standardizeForward as reference } from '../../src/kernels/reference/standardize';
import { standardizeForward } from '../../src/kernels/standardize';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

function standardized(shape: number[], streams: 1 | 2, layout?: Layout): Dispatch {
  const count = shape.reduce((a, b) => a * b);
  const bytes = (seed: number) =>
    Array.from({ length: count }, (_, i) => (i * i * 31 + seed) % 256);
  const a = tensor(shape, bytes(1));
  const b = streams === 2 ? tensor(shape, bytes(90)) : a;
  const y = reference(
    [a, b].slice(0, streams).map(({ data }) => data),
    shape[1] * shape[2],
  );
  const name = `[${shape}], ${streams === 2 ? 'two streams' : 'one stream'}${layout ? `, border ${layout.border}` : ''}`;
  return dispatchOf(standardizeForward, name, { a, b }, { streams, layout }, { y });
}

const given = {
  shader: standardizeForward.shader,
  tolerance: { absolute: 1e-5, relative: 1e-5 },
  shown: standardized([1, 4, 5], 2, bordered(5, 1)),
  hidden: [
    standardized([2, 9, 11], 1),
    standardized([3, 1, 1], 2, bordered(1)),
    standardized([1, 8, 7], 2, bordered(7)),
  ],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'reuse',
      title: 'Used twice',
      task: 'The same workgroup memory first holds the sums, then the squares. A barrier is missing between the two.',
      faults: [['  workgroupBarrier(); // sums is written again below\n', '']],
      fails: ['race', 'value'],
      hints: ['A fast thread writes its squares while a slow one has yet to read the mean.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the result',
      task: 'All threads together write the plane, border included: zero on the border, (x - mean) · rstd inside. Nine lines.',
      faults: [
        [
          `  for (var i = lane; i < plane; i += WORKGROUP_SIZE) {
    let row = i / params.row_stride - params.border; // wraps around above the image, and is then too large
    let column = i % params.row_stride - params.border;
    var value = 0.0;
    if (row < params.height && column < params.width) {
      value = (pixel(stream, first + row * params.width + column) - mean) * rstd;
    }
    y[out + i] = value;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      hints: [
        'Lane by lane: `for (var i = lane; i < plane; i += WORKGROUP_SIZE)`. Word i of the plane is y[out + i].',
        'Rows are params.row_stride long, and the image begins params.border rows and columns in.',
      ],
    },
  ],
};
export default lesson;
