import { reduceForward } from '../../src/kernels/reduce';
import { reduceForward as reference } from '../../src/kernels/reference/reduce';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';
import ladder from '../ladder/reduce';
import sum from './sum.wgsl';
import tree from './sum_tree.wgsl';

function rows(count: number, terms: number, seed = 1): Dispatch {
  const x = tensor([count, terms], seed);
  return {
    name: `${count} rows of ${terms}`,
    tensors: { x, y: { shape: [count], dtype: 'f32' } },
    params: { terms },
    groups: [count, 1, 1],
    expected: { y: reference(x.data, { outer: count, terms, inner: 1 }, 'sum') },
  };
}

export function shared(count: number, terms: number): Dispatch {
  const x = tensor([count, terms], terms);
  const axes = { begin: 1, end: 2, reduction: 'sum' as const };
  return dispatchOf(reduceForward, `${count} rows of ${terms}`, { x }, axes, {
    y: reference(x.data, { outer: count, terms, inner: 1 }, 'sum'),
  });
}

const small = {
  shown: rows(2, 20),
  hidden: [rows(3, 5, 2), rows(1, 8, 3), rows(2, 1, 4), rows(4, 67, 5)],
  // Numbers of eighths: sums of so few are exact in any order.
  tolerance: { absolute: 0, relative: 0 },
};

const lesson: Lesson = {
  ladder,
  exercises: [
    {
      ...small,
      id: 'barrier',
      title: 'The barrier',
      shader: sum,
      faults: [['  workgroupBarrier();\n', '']],
      fails: ['race', 'value'],
      hints: [
        'Which parts were there when thread 0 added them up?',
        'Between the last write of `parts` and its first read by another thread, every thread has to arrive.',
      ],
    },
    {
      ...small,
      id: 'early',
      title: 'Leaving early',
      shader: sum,
      faults: [
        [
          '  var sum = 0.0;\n',
          '  if (lane >= params.terms) {\n    return;\n  }\n  var sum = 0.0;\n',
        ],
      ],
      fails: ['divergence'],
      hints: [
        'The rows of 5 show it: three of the eight lanes have nothing to add up.',
        'A lane without work still has to come to the barrier. Its part is 0.',
      ],
    },
    {
      ...small,
      id: 'tree',
      title: 'A tree',
      shader: tree,
      faults: [
        [
          `  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      parts[lane] += parts[lane + half];
    }
  }
`,
          '  // Yours: after it, parts[0] is the sum of all parts.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'In the first step the lanes 0 to 3 add parts[lane + 4] to parts[lane].',
        'The distance is 4, then 2, then 1. Before each step all lanes have to have finished the one before.',
        'The barrier stands in the loop, but not in the `if`: every lane has to come to it.',
      ],
    },
    {
      id: 'real',
      title: 'The real file',
      shader: reduceForward.shader,
      faults: [['k += LANES', 'k += 1u']],
      fails: ['value'],
      shown: shared(2, 256),
      hidden: [shared(1, 300), shared(3, 1), shared(70, 3), shared(2, 1000)],
      tolerance: { absolute: 1e-4, relative: 1e-6 },
      timed: () => shared(64, 16384),
      hints: [
        'Point at x[0, 5] in the picture: how many threads read it?',
        'Each lane begins at its own number. How far is it to its next one?',
      ],
    },
  ],
};
export default lesson;
