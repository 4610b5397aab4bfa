import { gemmForward, gemmTiled, type Strides } from '../../src/kernels/gemm';
import { gemm } from '../../src/kernels/reference/gemm';
import type { WgslModule } from '../../src/gpu/wgsl';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Ladder, Rung } from '../exercise';
import downTheRows from './matmul/1_down_the_rows.wgsl';
import coalesced from './matmul/2_coalesced.wgsl';
import tile from './matmul/3_tile.wgsl';
import registers from './matmul/4_registers.wgsl';
import vec4 from './matmul/5_vec4.wgsl';
import both from './matmul/6_both.wgsl';

export type Sizes = readonly [m: number, k: number, n: number];
type Groups = (m: number, n: number) => [number, number, number];

export const product = (a: ArrayLike<number>, b: ArrayLike<number>, [m, k, n]: Sizes) =>
  gemm(a, b, undefined, { m, k, n, alpha: 1, beta: 0, cShape: [1, 1] });

export function matmul(sizes: Sizes, groups: Groups, withAnswer = true): Dispatch {
  const [m, k, n] = sizes;
  const [a, b] = [tensor([m, k], 1), tensor([k, n], 2)];
  return {
    name: `[${m}, ${k}] times [${k}, ${n}]`,
    tensors: { a, b, y: { shape: [m, n], dtype: 'f32' } },
    params: { rows: m, columns: n, terms: k },
    groups: groups(m, n),
    expected: withAnswer ? { y: product(a.data, b.data, sizes) } : {},
  };
}

/** As many workgroups of 64 as there are tiles of so many rows and columns, in a line. */
const line =
  (rows: number, columns: number): Groups =>
  (m, n) => [Math.ceil((Math.ceil(m / rows) * Math.ceil(n / columns)) / 64), 1, 1];
const square =
  (side: number): Groups =>
  (m, n) => [Math.ceil(n / side), Math.ceil(m / side), 1];

const COUNTED: Sizes = [32, 32, 32];
const TIMED: Sizes = [256, 256, 256];
const ODD: Sizes[] = [
  [7, 9, 12],
  [33, 17, 36],
  [1, 3, 4],
];
const tolerance = { absolute: 1e-4, relative: 1e-5 };

const rung = (title: string, change: string, shader: WgslModule, groups: Groups): Rung => ({
  title,
  change,
  shader,
  tolerance,
  shown: matmul(COUNTED, groups),
  hidden: ODD.map((sizes) => matmul(sizes, groups)),
  timed: () => matmul(TIMED, groups, false),
});

function real(sizes: Sizes): Dispatch {
  const { name, tensors, expected } = matmul(sizes, () => [1, 1, 1]);
  const [a, b] = [tensor(tensors.a.shape, 1), tensor(tensors.b.shape, 2)];
  return dispatchOf(gemmForward, name, { a, b, c: tensor([1], [0]) }, {}, expected);
}

/** @param workgroupSize lanes beside each other, each with 4 columns of 16 rows */
function tiled(sizes: Sizes, workgroupSize = 8, withAnswer = true): Dispatch {
  const [m, k, n] = sizes;
  const { name, tensors, expected } = matmul(sizes, () => [1, 1, 1], withAnswer);
  const [a, b] = [tensor(tensors.a.shape, 1), tensor(tensors.b.shape, 2)];
  const none = tensor([1], [0]);
  const attributes = {
    ...{ batch: 1, m, k, n, shape: [m, n], beta: 0, addends: 0 as const, workgroupSize },
    a: [0, k, 1] as Strides,
    b: [0, n, 1] as Strides,
    y: [m * n, n] as [number, number],
  };
  return dispatchOf(gemmTiled, name, { a, b, c: none, d: none }, attributes, expected);
}

const ladder: Ladder = {
  title: 'Eight ways to multiply',
  text: 'Counted on 32 x 32 times 32 x 32, timed on 256 x 256 times 256 x 256.',
  rungs: [
    rung(
      'Down the rows',
      'A thread for each y; neighbours take the row below.',
      downTheRows,
      line(1, 1),
    ),
    rung(
      'Along the columns',
      'Neighbours take the column beside: they read side by side.',
      coalesced,
      line(1, 1),
    ),
    rung(
      'A tile in workgroup memory',
      '8 x 8 threads fetch for one another: each number is read for eight.',
      tile,
      square(8),
    ),
    rung(
      '4 x 4 sums in registers',
      'Half a read for each product, and no barrier.',
      registers,
      line(4, 4),
    ),
    rung('Reads of four', 'Four columns of b in one read.', vec4, line(4, 4)),
    rung(
      'Both tiles',
      'A tile of 32 x 32 in workgroup memory, 4 x 4 of it in registers.',
      both,
      square(32),
    ),
    {
      title: 'What facegrad runs for small products',
      change:
        'Rung 4 with strides, α, β and c. Its sums have names: an array that a loop indexes may end up in memory.',
      shader: gemmForward.shader,
      tolerance,
      shown: real(COUNTED),
      hidden: ODD.map(real),
      timed: () => real(TIMED),
    },
    {
      title: 'Broadcast: what facegrad runs for large ones',
      change:
        '64 sums a thread. All lanes need the same 16 numbers of a: each reads a part, and a broadcast hands it round.',
      shader: gemmTiled.shader,
      lanes: 4,
      tolerance,
      shown: tiled(COUNTED),
      hidden: ODD.map((sizes) => tiled(sizes)),
      timed: () => tiled(TIMED, 32, false),
    },
  ],
};
export default ladder;
