import { maxPoolBackward } from '../../src/kernels/max_pool';
import type { Lesson } from '../exercise';
import { pooled } from '../path/07-gather';

const given = {
  shader: maxPoolBackward.shader,
  tolerance: { absolute: 1e-6, relative: 1e-6 },
  shown: pooled([1, 4, 4], 2, 2),
  hidden: [pooled([2, 5, 6], 3, 1), pooled([1, 7, 5], 3, 2)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'plane',
      title: 'Find the fault',
      task: 'One plane works. A hidden case has two.',
      faults: [['let origin = plane * dy_plane + ', 'let origin = ']],
      fails: ['value'],
      hints: ['Every plane has its own windows, behind those of the plane before.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the gather',
      task: 'For each window that covers the element: if it won, add the window’s dy. `first_window` and the two ends are there.',
      faults: [
        [
          `  for (var wy = first_window(row + PADDING); wy < last_row; wy += 1u) {
    for (var wx = first_window(column + PADDING); wx < last_column; wx += 1u) {
      if (indices[(plane * params.dy_height + wy) * params.dy_width + wx] == me) {
        sum += dy[origin + wy * params.dy_row_stride + wx];
      }
    }
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'Two loops, wy and wx, and an `if` in them.',
        'indices is dense: window (wy, wx) of the plane is at (plane * params.dy_height + wy) * params.dy_width + wx.',
      ],
    },
  ],
};
export default lesson;
