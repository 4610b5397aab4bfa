import { copyLayout, copyStrided } from '../../src/kernels/copy';
import type { Lesson } from '../exercise';
import { transposed, withBorder } from '../path/02-a-line-of-memory';

const lesson: Lesson = {
  exercises: [
    {
      id: 'extent',
      title: 'Find the fault: strided',
      task: 'With two axes it works. With three it does not.',
      shader: copyStrided.shader,
      faults: [['  rest /= params.extent3;', '  rest /= params.extent4;']],
      fails: ['value'],
      shown: transposed([2, 3, 2], [2, 0, 1]),
      hidden: [transposed([2, 3, 4], [2, 0, 1]), transposed([3, 2, 2, 3], [0, 3, 1, 2])],
      hints: ['An axis is finished with when `rest` is divided by its own extent.'],
    },
    {
      id: 'column',
      title: 'Find the fault: layout',
      task: 'The picture is in its frame, but not in the middle.',
      shader: copyLayout.shader,
      faults: [
        [
          'at % params.y_row_stride - params.y_border;\n  if',
          'at % params.y_row_stride - 2u * params.y_border;\n  if',
        ],
      ],
      fails: ['value'],
      shown: withBorder([2, 4]),
      hidden: [withBorder([2, 3, 3], 2), withBorder([1, 1], 1)],
      hints: ['Rows and columns begin after the same border.'],
    },
  ],
};
export default lesson;
