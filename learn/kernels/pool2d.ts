import { avgPool2dForward, maxPool2dBackward } from '../../src/kernels/pool2d';
import {
  avgPool2dForward as average,
  maxPool2dBackward as backward,
  maxPool2dForward,
} from '../../src/kernels/reference/pool2d';
import { windowOf, windowsIn, type WindowAttributes } from '../../src/kernels/window';
import { dispatchOf, inWorkgroupsOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Kernel = readonly [number, number];

function poolOf(input: readonly number[], kernel: Kernel, attributes: WindowAttributes) {
  const extents = input.slice(-2);
  const window = windowOf('pool', kernel, extents, attributes);
  return { window, shape: [...input.slice(0, -2), ...windowsIn('pool', extents, window)] };
}

const name = (
  input: readonly number[],
  kernel: Kernel,
  { stride, padding, dilation }: WindowAttributes,
) =>
  `[${input}], windows of ${kernel}, stride ${stride ?? 1}, padding ${padding ?? 0}${dilation ? `, dilation ${dilation}` : ''}`;

function averaged(input: number[], kernel: Kernel, attributes: WindowAttributes): Dispatch {
  const x = tensor(input, 1);
  const pool = { ...poolOf(input, kernel, attributes), includePad: false, divisor: 0 };
  const y = average(x.data, input, pool);
  const made = dispatchOf(avgPool2dForward, name(input, kernel, attributes), { x }, pool, { y });
  return inWorkgroupsOf(4, y.length, made);
}

function gathered(input: number[], kernel: Kernel, attributes: WindowAttributes): Dispatch {
  const pool = poolOf(input, kernel, attributes);
  const count = input.reduce((a, b) => a * b);
  const winners = maxPool2dForward(numbers(count, 2), input, pool).indices;
  const indices = tensor(pool.shape, winners, 'u32');
  const dy = tensor(pool.shape, 3);
  const dx = backward(winners, dy.data, input, pool.shape);
  const called = name(input, kernel, attributes);
  const made = dispatchOf(maxPool2dBackward, called, { indices, dy }, { ...pool, input }, { dx });
  return inWorkgroupsOf(8, count, made);
}

const tolerance = { absolute: 1e-6, relative: 1e-6 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'divisor',
      title: 'Divided by what?',
      task: 'A mean over the window. At the edge part of the window lies outside of the picture, and does not count.',
      shader: avgPool2dForward.shader,
      faults: [['f32(max(1u, rows * columns))', 'f32(params.kernel_y * params.kernel_x)']],
      fails: ['value'],
      tolerance,
      shown: averaged([1, 3, 4], [3, 3], { padding: 1 }),
      hidden: [
        averaged([2, 5, 4], [2, 3], { stride: 2, padding: 1 }),
        averaged([1, 7, 7], [3, 3], { dilation: 2 }),
      ],
      hints: ['`rows` and `columns` count what lies inside.'],
    },
    {
      id: 'write',
      title: 'Write the gather',
      task: 'For each tap of the window: which window has this element at that tap? If there is one and this element won it, add its dy. `window` gives the row or column, or -1.',
      shader: maxPool2dBackward.shader,
      faults: [
        [
          `  for (var i = 0u; i < params.kernel_y; i++) {
    let oy = window(iy + params.top - i32(i * params.dilation_y), params.stride_y, params.y_height);
    if (oy < 0) {
      continue;
    }
    for (var j = 0u; j < params.kernel_x; j++) {
      let ox = window(ix + params.left - i32(j * params.dilation_x), params.stride_x, params.y_width);
      if (ox < 0) {
        continue;
      }
      let o = plane + u32(oy) * params.y_width + u32(ox);
      sum += select(0.0, dy[o], indices[o] == here);
    }
  }
`,
          '  // Yours: two loops over the taps.\n',
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: gathered([1, 4, 4], [2, 2], { stride: 2 }),
      hidden: [
        gathered([2, 5, 6], [3, 2], { stride: 1, padding: 1 }),
        gathered([1, 7, 5], [2, 2], { stride: 2, dilation: 2 }),
      ],
      hints: [
        'Tap (i, j) of window (oy, ox) lies at row oy * stride_y + i * dilation_y - top. Solve that for oy: `window` divides.',
        'The window is at plane + oy * y_width + ox, in dy and in indices.',
      ],
    },
  ],
};
export default lesson;
