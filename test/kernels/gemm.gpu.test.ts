import { describe, expect, it } from 'vitest';
import {
  gemmForward,
  gemmProduct,
  gemmTiled,
  tiledWorkgroupSize,
  type GemmAttributes,
} from '../../src/kernels/gemm';
import * as reference from '../../src/kernels/reference/gemm';
import { testGpu } from '../support/gpu';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type TestTensor } from '../support/kernel';

// Sums of up to 130 products of numbers up to 1.
const tolerance = { absolute: 3e-5, relative: 1e-5 };

interface Case {
  name: string;
  m: number;
  k: number;
  n: number;
  batch?: number;
  transA?: boolean;
  transB?: boolean;
  alpha?: number;
  beta?: number;
  c?: number[];
}

const TABLE: Case[] = [
  { name: 'numbers', m: 1, k: 1, n: 1 },
  { name: 'a row and a column', m: 1, k: 9, n: 1, c: [] },
  { name: 'a column and a row', m: 7, k: 1, n: 6, c: [1, 1] },
  { name: 'plain', m: 5, k: 7, n: 6, c: [5, 6] },
  { name: 'a transposed', m: 5, k: 7, n: 6, transA: true, c: [6] },
  { name: 'b transposed', m: 6, k: 3, n: 9, transB: true, c: [1, 9] },
  { name: 'both transposed', m: 4, k: 8, n: 4, transA: true, transB: true, c: [4, 1] },
  { name: 'alpha and beta', m: 3, k: 5, n: 10, alpha: 0.5, beta: -2, c: [3, 10] },
  { name: 'c is not read', m: 3, k: 5, n: 2, beta: 0, c: [3, 2] },
  { name: 'batch', m: 3, k: 4, n: 5, batch: 3 },
  { name: 'batch, both transposed', m: 5, k: 2, n: 3, batch: 2, transA: true, transB: true },
  { name: 'past one workgroup', m: 67, k: 130, n: 33, c: [33] },
];

const matrix = (
  rows: number,
  columns: number,
  { batch, name }: Case,
  seed: number,
  transposed = false,
) => {
  const shape = transposed ? [columns, rows] : [rows, columns];
  return tensor(batch ? [batch, ...shape] : shape, name.length + seed);
};

const withC = (shape: readonly number[]): [number, number] =>
  shape.length === 2 ? [shape[0], shape[1]] : [1, shape[0] ?? 1];

const inputsOf = (c: Case) => ({
  a: matrix(c.m, c.k, c, 1, c.transA),
  b: matrix(c.k, c.n, c, 2, c.transB),
  c: tensor(c.c ?? [1], 3),
});

const attributesOf = ({ transA, transB, alpha = 1, beta = 1, c }: Case) => ({
  ...{ transA, transB, alpha },
  beta: c ? beta : 0,
});

function expected(
  { a, b, c }: Record<'a' | 'b' | 'c', Pick<TestTensor, 'shape' | 'data'>>,
  attributes: GemmAttributes,
): { y: number[] } {
  const { of } = attributes as { of: Case };
  const { m, n, k, batch = 1 } = of;
  const g = { m, n, k, cShape: withC(c.shape), ...{ transA: false, transB: false } };
  const part = (data: ArrayLike<number>, i: number, size: number) =>
    Array.from(data).slice(i * size, (i + 1) * size);
  const y = Array.from({ length: batch }, (_, i) => [
    ...reference.gemm(part(a.data, i, m * k), part(b.data, i, k * n), c.data, {
      ...g,
      ...attributesOf(of),
    }),
  ]);
  return { y: y.flat() };
}

testKernel(gemmForward, {
  cases: TABLE.map((c) => ({
    name: c.name,
    inputs: inputsOf(c),
    attributes: { ...attributesOf(c), of: c },
  })),
  reference: expected,
  tolerance,
});

const { capabilities } = await testGpu();

/** Several tiles across and down, of 16 rows and `4 * lanes` columns. */
const LARGE: Case[] = [
  { name: 'whole tiles', m: 32, k: 20, n: 128, c: [128] },
  { name: 'rests', m: 49, k: 33, n: 135, c: [49, 1], alpha: 2, beta: -0.5 },
  { name: 'rests, transposed, batch', m: 17, k: 19, n: 67, batch: 3, transA: true, transB: true },
];

if (capabilities.subgroupMinSize >= 4) {
  const workgroupSize = Math.min(capabilities.subgroupMaxSize, 64);
  testKernel(gemmTiled, {
    cases: [...TABLE, ...LARGE].map((of) => {
      const { a, b, c } = inputsOf(of);
      const product = gemmProduct({ a, b, c }, attributesOf(of));
      return {
        name: of.name,
        inputs: { a, b, c, d: c },
        attributes: { ...product, workgroupSize, of },
      };
    }),
    reference: (inputs, attributes) => expected(inputs, attributes as GemmAttributes),
    tolerance,
  });
}

describe('tiledWorkgroupSize', () => {
  const lanes = (subgroupMinSize: number, subgroupMaxSize = subgroupMinSize) => ({
    subgroupMinSize,
    subgroupMaxSize,
  });
  const of = (m: number, n: number, batch = 1) => ({ batch, m, n });
  it('wants subgroups, and tiles that are half full', () => {
    expect(tiledWorkgroupSize(lanes(8), of(16, 32))).toBe(8);
    expect(tiledWorkgroupSize(lanes(4), of(8, 16))).toBe(4);
    expect(tiledWorkgroupSize(lanes(8), of(7, 64))).toBeUndefined();
    expect(tiledWorkgroupSize(lanes(8), of(16, 15))).toBeUndefined();
    expect(tiledWorkgroupSize(lanes(2, 32), of(512, 512))).toBeUndefined();
    expect(tiledWorkgroupSize(undefined, of(512, 512))).toBeUndefined();
  });
  it('keeps a GPU busy', () => {
    expect(tiledWorkgroupSize(lanes(32), of(256, 512))).toBeUndefined();
    expect(tiledWorkgroupSize(lanes(8, 32), of(1024, 1024))).toBe(32);
    expect(tiledWorkgroupSize(lanes(64, 128), of(1024, 1024, 4))).toBe(64);
  });
});

testGradient('gemm', {
  cases: TABLE.filter(({ batch }) => !batch).map((c) => ({
    name: c.name,
    inputs: {
      a: matrix(c.m, c.k, c, 1, c.transA),
      b: matrix(c.k, c.n, c, 2, c.transB),
      c: tensor(c.c ?? [1], 3),
    },
    attributes: { ...c, alpha: c.alpha ?? 1, beta: c.beta ?? 1 },
  })),
  forward: ({ a, b, c }, g) =>
    reference.gemm(a.data, b.data, c.data, { ...g, cShape: withC(c.shape) }),
  backward: ({ a, b, c }, dy, g) => {
    const { da, db, dc } = reference.gemmBackward(a.data, b.data, dy, {
      ...g,
      cShape: withC(c.shape),
    });
    return { a: da, b: db, c: dc };
  },
});
