import type { WgslModule } from '../../src/gpu/wgsl';
import { reduceForward } from '../../src/kernels/reduce';
import { reduceForward as reference } from '../../src/kernels/reference/reduce';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Ladder, Rung } from '../exercise';
import oneThread from './reduce/1_one_thread.wgsl';
import pieces from './reduce/2_pieces.wgsl';
import strided from './reduce/3_strided.wgsl';
import halves from './reduce/4_halves.wgsl';
import vec4 from './reduce/5_vec4.wgsl';
import subgroup from './reduce/6_subgroup.wgsl';

type Sizes = readonly [rows: number, terms: number];

const answer = (x: ArrayLike<number>, [outer, terms]: Sizes) =>
  reference(x, { outer, terms, inner: 1 }, 'sum');
const name = ([rows, terms]: Sizes) => `${rows} rows of ${terms}`;

function sums(sizes: Sizes, groups: number, withAnswer = true): Dispatch {
  const x = tensor(sizes, sizes[1]);
  return {
    name: name(sizes),
    tensors: { x, y: { shape: [sizes[0]], dtype: 'f32' } },
    params: { terms: sizes[1] },
    groups: [groups, 1, 1],
    expected: withAnswer ? { y: answer(x.data, sizes) } : {},
  };
}

function real(sizes: Sizes, withAnswer = true): Dispatch {
  const x = tensor(sizes, sizes[1]);
  const axes = { begin: 1, end: 2, reduction: 'sum' as const };
  const expected: Record<string, ArrayLike<number>> = withAnswer
    ? { y: answer(x.data, sizes) }
    : {};
  return dispatchOf(reduceForward, name(sizes), { x }, axes, expected);
}

const COUNTED: Sizes = [4, 1024];
const TIMED: Sizes = [64, 16384];
const ODD: Sizes[] = [
  [70, 4],
  [3, 260],
  [1, 1000],
];
const tolerance = { absolute: 1e-4, relative: 1e-6 };

const rung = (title: string, change: string, shader: WgslModule, rowsEach = 1): Rung => ({
  title,
  change,
  shader,
  tolerance,
  shown: sums(COUNTED, Math.ceil(COUNTED[0] / rowsEach)),
  hidden: ODD.map((sizes) => sums(sizes, Math.ceil(sizes[0] / rowsEach))),
  timed: () => sums(TIMED, Math.ceil(TIMED[0] / rowsEach), false),
});

const ladder: Ladder = {
  title: 'Seven ways to add up',
  text: 'Counted on 4 rows of 1,024 numbers, timed on 64 rows of 16,384.',
  rungs: [
    rung('One thread a row', 'Nobody helps, and neighbours read a row apart.', oneThread, 64),
    rung('A piece each', 'A workgroup shares a row: 64 pieces, then a tree of pairs.', pieces),
    rung('Every 64th number', 'Neighbours read neighbours: an eighth of the segments.', strided),
    rung('Halves', 'The tree folds halves, so that the first threads do its work.', halves),
    rung('Reads of four', 'A quarter of the reads; the segments stay.', vec4),
    rung(
      'subgroupAdd',
      'A subgroup, threads that a GPU runs in step, adds up in one instruction. Not every GPU offers it.',
      subgroup,
    ),
    {
      title: 'What facegrad runs',
      change:
        'Rung 3 without a tree: one barrier, then one thread adds up 64 parts. Any axis, six operations.',
      shader: reduceForward.shader,
      tolerance,
      shown: real(COUNTED),
      hidden: ODD.map((sizes) => real(sizes)),
      timed: () => real(TIMED, false),
    },
  ],
};
export default ladder;
