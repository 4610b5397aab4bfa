import fc from 'fast-check';
import { gemm, matmul } from '../../src/eager';
import { size } from '../../src/kernels/kernel';
import * as copies from '../../src/kernels/reference/copy';
import * as reference from '../../src/kernels/reference/gemm';
import { array, expectClose, extent, property } from '../support/property';

// Sums of at most 20 products, and of their sums.
const tolerance = { absolute: 3e-5, relative: 1e-5 };

const products = fc.record({
  m: extent(11),
  n: extent(11),
  k: extent(20),
  transA: fc.boolean(),
  transB: fc.boolean(),
  alpha: fc.constantFrom(1, 0.5, -2),
  beta: fc.constantFrom(1, 0.25, 3),
  c: fc.constantFrom('none', 'number', 'row', 'flat row', 'column', 'whole'),
  seed: fc.nat(),
});

property('gemm', products, async (gpu, { c: kind, seed, ...p }) => {
  const a = array(p.transA ? [p.k, p.m] : [p.m, p.k], seed);
  const b = array(p.transB ? [p.n, p.k] : [p.k, p.n], seed + 1);
  const shapes: Record<string, number[]> = {
    number: [],
    row: [1, p.n],
    'flat row': [p.n],
    column: [p.m, 1],
    whole: [p.m, p.n],
  };
  const c = kind === 'none' ? undefined : array(shapes[kind], seed + 2);
  const [rows = 1, columns = 1] = c?.shape.length === 1 ? [1, p.n] : (c?.shape ?? []);
  const whole = { ...p, cShape: [rows, columns] as const };
  const attributes = { transA: p.transA, transB: p.transB, alpha: p.alpha, beta: p.beta };
  const { y } = await gemm(gpu, { a, b, c }, attributes);
  expectClose('y', y, reference.gemm(a.data, b.data, c?.data, whole), tolerance);
  const dy = array([p.m, p.n], seed + 3);
  const gradients = await gemm.backward(gpu, { a, b, c }, { y: dy }, attributes);
  const { da, db, dc } = reference.gemmBackward(a.data, b.data, dy.data, whole);
  expectClose('da', gradients.a, da, tolerance);
  expectClose('db', gradients.b, db, tolerance);
  if (c) expectClose('dc', gradients.c, dc, tolerance);
});

property(
  'matmul',
  fc.tuple(
    products,
    fc.constantFrom('vectors', 'rows', 'one b', 'one a', 'equal', 'repeated'),
    extent(3),
    extent(3),
  ),
  async (gpu, [{ m, n, k, seed }, kind, p, q]) => {
    const [lead, follow, batch] = {
      vectors: [[], [], []],
      rows: [[], [], []],
      'one b': [[p, q], [], [p, q]],
      'one a': [[], [p, q], [p, q]],
      equal: [
        [p, q],
        [p, q],
        [p, q],
      ],
      repeated: [[p, 1], [q], [p, q]],
    }[kind] as [number[], number[], number[]];
    const vectors = kind === 'vectors';
    const a = array(vectors ? [k] : [...lead, m, k], seed);
    const b = array(vectors ? [k] : [...follow, k, n], seed + 1);
    const [rows, columns] = vectors ? [1, 1] : [m, n];
    const shape = vectors ? [] : [...batch, m, n];
    const { y } = await matmul(gpu, { a, b });
    const dy = array(shape, seed + 2);
    const gradients = await matmul.backward(gpu, { a, b }, { y: dy });
    if (JSON.stringify(y.shape) !== JSON.stringify(shape)) throw new Error(`shape [${y.shape}]`);

    const g = { m: rows, n: columns, k, alpha: 1, beta: 0, cShape: [1, 1] as const };
    const [allA, allB] = [copies.expand(lead, batch), copies.expand(follow, batch)];
    const da = new Float64Array(a.data.length);
    const db = new Float64Array(b.data.length);
    const expected: number[] = [];
    const part = (data: Float32Array, i: number, length: number) =>
      data.slice(i * length, (i + 1) * length);
    for (let i = 0; i < size(batch); i++) {
      const [ia, ib] = [allA.from[i], allB.from[i]];
      const [one, other] = [part(a.data, ia, rows * k), part(b.data, ib, k * columns)];
      expected.push(...reference.gemm(one, other, undefined, g));
      const d = reference.gemmBackward(one, other, part(dy.data, i, rows * columns), g);
      d.da.forEach((v, j) => (da[ia * rows * k + j] += v));
      d.db.forEach((v, j) => (db[ib * k * columns + j] += v));
    }
    expectClose('y', y, expected, tolerance);
    expectClose('da', gradients.a, da, tolerance);
    expectClose('db', gradients.b, db, tolerance);
  },
);
