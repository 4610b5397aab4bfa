import { gatherForward, segmentSum } from '../../src/kernels/gather';
import { size, type DType } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/gather';
import { random } from '../support/random';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense, type TestTensor } from '../support/kernel';

interface Case {
  name: string;
  /** Of the rows: x of gather, y of segment_sum. */
  shape: number[];
  axis: number;
  indices: number[];
  /** Of the indices; a line where not given. */
  picks?: number[];
  dtype?: DType;
}

const some = (count: number, rows: number, seed = 1) => {
  const next = random(seed);
  return Array.from({ length: count }, () => Math.floor(next() * rows));
};

const cases: Case[] = [
  { name: 'rows', shape: [5, 3], axis: 0, indices: [4, 0, 2, 2] },
  { name: 'one of everything', shape: [1, 1], axis: 0, indices: [0] },
  { name: 'the same row again and again', shape: [3, 4], axis: 0, indices: [1, 1, 1, 1, 1, 1] },
  { name: 'columns', shape: [4, 6], axis: 1, indices: [5, 0, 3] },
  { name: 'an axis inside', shape: [2, 5, 3], axis: 1, indices: [3, 3, 0, 4] },
  { name: 'numbers of a line', shape: [9], axis: 0, indices: [8, 1, 0] },
  { name: 'indices in two axes', shape: [5, 2], axis: 0, indices: some(6, 5), picks: [2, 3] },
  { name: 'past the end', shape: [3, 2], axis: 0, indices: [0, 3, 0xffffffff, 2] },
  { name: 'from the end', shape: [4, 3], axis: 0, indices: [-1, -4, 3, 1], dtype: 'i32' },
  { name: 'past either end', shape: [4, 3], axis: 0, indices: [-5, 4, -1], dtype: 'i32' },
  { name: 'a row that no one picks', shape: [6, 2], axis: 0, indices: [5, 0] },
  { name: 'past one workgroup', shape: [7, 130], axis: 0, indices: some(64, 7, 3) },
  { name: 'more than 65,535 workgroups', shape: [3, 65537], axis: 0, indices: some(65, 3, 4) },
];

const indicesOf = ({ indices, picks, dtype = 'u32' }: Case) =>
  tensor(picks ?? [indices.length], indices, { dtype });

function sizesOf(rows: readonly number[], axis: number, indices: { dtype?: DType }) {
  const product = (values: readonly number[]) => values.reduce((a, b) => a * b, 1);
  return {
    outer: product(rows.slice(0, axis)),
    rows: rows[axis],
    inner: product(rows.slice(axis + 1)),
    signed: indices.dtype === 'i32',
  };
}

testKernel(gatherForward, {
  cases: cases.map((c) => ({
    name: c.name,
    inputs: { x: tensor(c.shape, 1), indices: indicesOf(c) },
    attributes: { axis: c.axis },
  })),
  reference: ({ x, indices }, { axis }) => ({
    y: reference.gather(x.data, indices.data, sizesOf(x.shape, axis, indices as TestTensor)),
  }),
  tolerance: { absolute: 0, relative: 0 },
});

/** dy of a gather: what segment_sum adds up. */
function picked({ shape, axis, picks, indices }: Case) {
  return [...shape.slice(0, axis), ...(picks ?? [indices.length]), ...shape.slice(axis + 1)];
}

testKernel(segmentSum, {
  cases: cases.map((c) => ({
    name: c.name,
    inputs: { x: tensor(picked(c), 2), segments: indicesOf(c) },
    attributes: { axis: c.axis, count: c.shape[c.axis], shape: c.shape },
  })),
  reference: ({ x, segments }, attributes) => {
    const { shape } = attributes as unknown as { shape: number[] };
    return {
      y: reference.segmentSum(
        x.data,
        segments.data,
        sizesOf(shape, attributes.axis, segments as TestTensor),
      ),
    };
  },
  // At most 65 terms of scale 1.
  tolerance: { absolute: 3e-6, relative: 1e-6 },
});

const small = cases.filter(({ shape }) => size(shape) < 200);
const gradientCases = small.map((c) => ({ name: c.name, attributes: c }));

testGradient('gather', {
  cases: gradientCases.map((c) => ({ ...c, inputs: { x: tensor(c.attributes.shape, 1) } })),
  forward: ({ x }, c) =>
    reference.gather(x.data, c.indices, sizesOf(x.shape, c.axis, { dtype: c.dtype })),
  backward: ({ x }: Record<'x', Dense>, dy, c) => ({
    x: reference.segmentSum(dy, c.indices, sizesOf(x.shape, c.axis, { dtype: c.dtype })),
  }),
});

testGradient('segment_sum', {
  cases: gradientCases.map((c) => ({ ...c, inputs: { x: tensor(picked(c.attributes), 1) } })),
  forward: ({ x }, c) =>
    reference.segmentSum(x.data, c.indices, sizesOf(c.shape, c.axis, { dtype: c.dtype })),
  backward: (_: Record<'x', Dense>, dy, c) => ({
    x: reference.gather(dy, c.indices, sizesOf(c.shape, c.axis, { dtype: c.dtype })),
  }),
});
