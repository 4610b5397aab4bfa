import { cumsumForward } from '../../src/kernels/cumsum';
import { cumsum } from '../../src/kernels/reference/cumsum';
import { softmaxForward as reference } from '../../src/kernels/reference/softmax';
import { softmaxForward } from '../../src/kernels/softmax';
import { dispatchOf, inWorkgroupsOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

export function softmax(rows: number, classes: number, add = 0): Dispatch {
  const x = tensor(
    [rows, classes],
    numbers(rows * classes, rows).map((v) => v + add),
  );
  const name = `${rows} rows of ${classes}${add ? `, near ${add}` : ''}`;
  const y = reference(x.data, classes);
  return inWorkgroupsOf(4, rows, dispatchOf(softmaxForward, name, { x }, undefined, { y }));
}

/** Along the first axis: the elements of a row lie apart. */
export function columns(classes: number, inner: number): Dispatch {
  const x = tensor([classes, inner], 9);
  const across = Array.from({ length: classes * inner }, (_, i) => {
    const [n, k] = [Math.floor(i / classes), i % classes];
    return x.data[k * inner + n];
  });
  const rows = reference(across, classes);
  const y = Array.from({ length: classes * inner }, (_, i) => {
    const [k, n] = [Math.floor(i / inner), i % inner];
    return rows[n * classes + k];
  });
  const name = `along the first axis of [${classes}, ${inner}]`;
  return inWorkgroupsOf(4, inner, dispatchOf(softmaxForward, name, { x }, { axis: 0 }, { y }));
}

export function running(shape: number[], reverse = false): Dispatch {
  const x = tensor(shape, 4);
  const [extent, inner] = [shape[1], shape.slice(2).reduce((a, b) => a * b, 1)];
  const name = `[${shape}]${reverse ? ', from the end' : ''}`;
  const y = cumsum(x.data, { extent, inner, reverse });
  const made = dispatchOf(cumsumForward, name, { x }, { axis: 1, reverse }, { y });
  return inWorkgroupsOf(4, shape[0] * inner, made);
}

const tolerance = { absolute: 1e-6, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'overflow',
      title: 'Too large for a float',
      shader: softmaxForward.shader,
      faults: [
        ['    total += exp(x[i] - largest);', '    total += exp(x[i]);'],
        ['    y[i] = exp(x[i] - largest) / total;', '    y[i] = exp(x[i]) / total;'],
      ],
      fails: ['value'],
      tolerance,
      shown: softmax(6, 4),
      hidden: [softmax(2, 7), softmax(3, 5, 100), softmax(2, 3, -200)],
      hints: [
        'The kernel has found the `largest` and does not use it.',
        'exp(a - m) / exp(b - m) = exp(a) / exp(b), whatever m is. Subtract it in the sum and in the result.',
      ],
    },
    {
      id: 'inner',
      title: 'Rows that stand upright',
      shader: softmaxForward.shader,
      faults: [
        [
          '  let begin = row / params.inner * params.classes * params.inner + row % params.inner;',
          '  let begin = row * params.classes;',
        ],
      ],
      fails: ['bounds', 'unwritten'],
      tolerance,
      shown: columns(4, 3),
      hidden: [softmax(2, 7), columns(7, 5), columns(1, 2)],
      hints: [
        'The elements of one softmax are `inner` places apart. Where does the one of thread 1 begin?',
        'Thread `row` is number row % inner in block row / inner, and a block holds classes * inner elements.',
      ],
    },
    {
      id: 'running',
      title: 'A running sum',
      shader: cumsumForward.shader,
      faults: [
        [
          `  var sum = 0.0;
  for (var k = 0u; k < params.extent; k++) {
    let at = begin + select(k, params.extent - 1u - k, REVERSE) * params.inner;
    sum += x[at];
    y[at] = sum;
  }
`,
          '  // Yours: the loop over the row, from its end where REVERSE is true.\n',
        ],
      ],
      fails: ['unwritten'],
      tolerance,
      shown: running([3, 5]),
      hidden: [
        running([2, 4, 3]),
        running([2, 6], true),
        running([5, 1]),
        running([1, 3, 2], true),
      ],
      hints: [
        'k has to be a u32 like params.extent: var k = 0u. Element k of the row is at begin + k * params.inner.',
        'From the end: element params.extent - 1u - k in place of k. `select` can choose between the two.',
      ],
    },
  ],
};
export default lesson;
