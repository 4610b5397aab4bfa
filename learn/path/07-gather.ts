import { maxPoolBackward } from '../../src/kernels/max_pool';
import {
  maxPoolBackward as reference,
  maxPoolForward,
  pooledExtent,
} from '../../src/kernels/reference/max_pool';
import { dispatchOf, inWorkgroupsOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';
import average from './average.wgsl';

function averaged(windows: number): Dispatch {
  const dy = tensor([windows], windows);
  const dx = new Array<number>(windows + 2).fill(0);
  Array.from(dy.data).forEach((v, w) => [0, 1, 2].forEach((k) => (dx[w + k] += v / 3)));
  return inWorkgroupsOf(4, windows + 2, {
    name: `${windows} windows`,
    tensors: { dy, dx: { shape: [windows + 2], dtype: 'f32' } },
    params: { windows },
    groups: [1, 1, 1],
    expected: { dx },
  });
}

export function pooled(shape: number[], window: number, stride: number): Dispatch {
  const pool = { window, stride, padding: 0 };
  const [H, W] = shape.slice(-2);
  const out = [...shape.slice(0, -2), pooledExtent(H, pool), pooledExtent(W, pool)];
  const elements = shape.reduce((a, b) => a * b, 1);
  const { indices: winners } = maxPoolForward(numbers(elements, 8), shape, pool);
  const indices = tensor(out, winners, 'u32');
  const dy = tensor(out, 9);
  const dx = reference(dy.data, winners, shape, out);
  const name = `[${shape}], windows of ${window}, ${stride} apart`;
  const attributes = { shape, window, stride };
  const made = dispatchOf(maxPoolBackward, name, { indices, dy }, attributes, { dx });
  return inWorkgroupsOf(8, elements, made);
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'scatter',
      title: 'From scatter to gather',
      shader: average,
      faults: [
        ['  if (i >= params.windows + 2u) {', '  if (i >= params.windows) {'],
        [
          `  var sum = 0.0;
  let first = max(i, 2u) - 2u;
  let last = min(i, params.windows - 1u);
  for (var w = first; w <= last; w++) {
    sum += dy[w] / 3.0;
  }
  dx[i] = sum;
`,
          `  dx[i] += dy[i] / 3.0;
  dx[i + 1u] += dy[i] / 3.0;
  dx[i + 2u] += dy[i] / 3.0;
`,
        ],
      ],
      fails: ['race', 'value'],
      tolerance: { absolute: 1e-6, relative: 1e-5 },
      shown: averaged(8),
      hidden: [averaged(1), averaged(2), averaged(21)],
      hints: [
        'Turn it round: a thread for each element of dx, which there are two more of than windows.',
        'Element i is in the windows i - 2, i - 1 and i, as far as they exist. Unsigned numbers do not go below 0.',
      ],
    },
    {
      id: 'windows',
      title: 'Which windows hold me?',
      shader: maxPoolBackward.shader,
      faults: [['(row + PADDING) / STRIDE + 1u', '(row + PADDING) / STRIDE']],
      fails: ['value'],
      tolerance: { absolute: 1e-6, relative: 1e-6 },
      shown: pooled([1, 4, 4], 2, 2),
      hidden: [pooled([2, 5, 6], 3, 1), pooled([1, 7, 5], 3, 2)],
      hints: [
        '`last_row` is the first row of windows that is too far, as the loop runs while `wy < last_row`.',
        'The row of windows at (row + PADDING) / STRIDE still begins at or before this element.',
      ],
    },
    {
      id: 'ask',
      title: 'Ask them',
      shader: maxPoolBackward.shader,
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
          '  // Yours: every window (wy, wx) that holds this element.\n',
        ],
      ],
      fails: ['value'],
      tolerance: { absolute: 1e-6, relative: 1e-6 },
      shown: pooled([1, 4, 4], 2, 2),
      hidden: [pooled([2, 5, 6], 3, 1), pooled([1, 7, 5], 3, 2)],
      hints: [
        'The loops begin at first_window(row + PADDING) and first_window(column + PADDING).',
        'Window (wy, wx) has its winner at indices[(plane * params.dy_height + wy) * params.dy_width + wx].',
        'Its gradient is dy[origin + wy * params.dy_row_stride + wx]; it counts where the winner is `me`.',
      ],
    },
  ],
};
export default lesson;
