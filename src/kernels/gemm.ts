import shader from '../../shaders/gemm/forward.wgsl';
import tiledShader from '../../shaders/gemm/tiled_subgroup.wgsl';
import type { SubgroupSizes } from '../gpu/subgroups';
import { broadcastStrides } from './copy';
import { cpuLanes, defineKernel, f32, subgroupsOf, type TensorSpec } from './kernel';

export interface GemmAttributes {
  transA?: boolean;
  transB?: boolean;
  alpha?: number;
  /** Of c; 0 where there is none, although something must be bound. */
  beta?: number;
}

/** G, M, K, N of a [G, M, K] and b [G, K, N], or without G, each perhaps transposed. */
export function gemmExtents(
  a: readonly number[],
  b: readonly number[],
  { transA, transB }: GemmAttributes,
) {
  const [m, k] = transA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [l, n] = transB ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  return { batch: a.length === 3 ? a[0] : 1, m, k, l, n };
}

const rowsAndColumns = (shape: readonly number[], transposed = false) =>
  transposed ? [1, shape.at(-1)!] : [shape.at(-1)!, 1];

/** y = alpha a b + beta c: a [G, M, K], b [G, K, N], c anything that repeats to [M, N]; or without G. */
export const gemmForward = defineKernel({
  name: 'gemm.forward',
  shader,
  outputs: ({ a, b }: Record<'a' | 'b' | 'c', TensorSpec>, attributes: GemmAttributes) => {
    const { batch, m, n } = gemmExtents(a.shape, b.shape, attributes);
    return { y: f32(a.shape.length === 3 ? [batch, m, n] : [m, n]) };
  },
  params: ({ a, b, c }, attributes) => {
    const { m, k, n } = gemmExtents(a.shape, b.shape, attributes);
    const { transA, transB, alpha = 1, beta = 0 } = attributes;
    const [a_row, a_column] = rowsAndColumns(a.shape, transA);
    const [b_row, b_column] = rowsAndColumns(b.shape, transB);
    const [c_row, c_column] = beta === 0 ? [0, 0] : broadcastStrides(c.shape, [m, n]);
    return {
      rows: m,
      columns: n,
      terms: k,
      a_batch: a.shape.length === 3 ? m * k : 0,
      a_row,
      a_column,
      b_batch: b.shape.length === 3 ? k * n : 0,
      b_row,
      b_column,
      c_row,
      c_column,
      alpha,
      beta,
    };
  },
  workgroups: ({ a, b }, attributes) => {
    const { batch, m, n } = gemmExtents(a.shape, b.shape, attributes);
    const tiles = Math.ceil(m / 4) * Math.ceil(n / 4);
    return [Math.max(1, Math.ceil(tiles / 64)), 1, Math.max(1, batch)];
  },
  flops: ({ a, b }, attributes) => {
    const { batch, m, k, n } = gemmExtents(a.shape, b.shape, attributes);
    return 2 * batch * m * k * n;
  },
});

/** Elements from one matrix, row and column to the next. */
export type Strides = [batch: number, row: number, column: number];

/** Products y = alpha a b + beta c + beta d, and what a layer does with them. */
export interface Product {
  /** Of y. */
  shape: readonly number[];
  batch: number;
  m: number;
  k: number;
  n: number;
  a: Strides;
  b: Strides;
  /** Of c and of d. */
  c?: Strides;
  /** Elements from one matrix and row of y to the next. */
  y: [batch: number, row: number];
  /** Of c and d, how many there are; the buffers of the others may be any. */
  addends?: 0 | 1 | 2;
  alpha?: number;
  beta?: number;
  relu?: boolean;
}

/** `gemmForward` as a product. */
export function gemmProduct(
  { a, b, c }: Record<'a' | 'b' | 'c', TensorSpec>,
  attributes: GemmAttributes,
): Product {
  const { batch, m, k, n } = gemmExtents(a.shape, b.shape, attributes);
  const { transA, transB, alpha, beta = 0 } = attributes;
  const [row, column] = [rowsAndColumns(a.shape, transA), rowsAndColumns(b.shape, transB)];
  const [c_row, c_column] = beta === 0 ? [0, 0] : broadcastStrides(c.shape, [m, n]);
  const matrices = a.shape.length === 3;
  return {
    shape: matrices ? [batch, m, n] : [m, n],
    ...{ batch, m, k, n, alpha, beta },
    a: [matrices ? m * k : 0, row[0], row[1]],
    b: [b.shape.length === 3 ? k * n : 0, column[0], column[1]],
    c: [0, c_row, c_column],
    y: [m * n, n],
    addends: beta === 0 ? 0 : 1,
  };
}

/** Rows of a thread's tile, and its columns. */
const TILE = [16, 4];
/** Workgroups that keep a GPU busy. */
const BUSY = 128;

const tilesOf = ({ m, n }: { m: number; n: number }, workgroupSize: number) => [
  Math.ceil(n / (TILE[1] * workgroupSize)),
  Math.ceil(m / TILE[0]),
];

/**
 * The workgroup size with which `gemmTiled` is the faster way, else undefined: where tiles are half full at least, and
 * enough of them.
 */
export function tiledWorkgroupSize(
  capabilities: SubgroupSizes | undefined,
  { batch, m, n }: { batch: number; m: number; n: number },
): number | undefined {
  if (!capabilities || !subgroupsOf(capabilities, 4)) return undefined;
  const lanes = cpuLanes(capabilities);
  const workgroupSize = lanes ?? Math.min(capabilities.subgroupMaxSize, 64);
  const [across, down] = tilesOf({ m, n }, workgroupSize);
  const full = (m * n) / (across * down * workgroupSize * TILE[0] * TILE[1]);
  const enough = lanes !== undefined || across * down * batch >= BUSY;
  return full >= 0.5 && enough ? workgroupSize : undefined;
}

/** A product by register tiles, for subgroups of 4 lanes or more. */
export const gemmTiled = defineKernel({
  name: 'gemm.tiled_subgroup',
  shader: tiledShader,
  outputs: (
    _: Record<'a' | 'b' | 'c' | 'd', TensorSpec>,
    { shape }: Product & { workgroupSize: number },
  ) => ({ y: f32(shape) }),
  params: (_, { m, k, n, a, b, c = [0, 0, 0], y, alpha = 1, beta = 1, ...behind }) => ({
    rows: m,
    columns: n,
    terms: k,
    a_batch: a[0],
    a_row: a[1],
    a_column: a[2],
    b_batch: b[0],
    b_row: b[1],
    b_column: b[2],
    c_batch: c[0],
    c_row: c[1],
    c_column: c[2],
    y_batch: y[0],
    y_row: y[1],
    alpha,
    beta,
    relu: Number(behind.relu ?? false),
    addends: behind.addends ?? 0,
    four: TILE[1],
  }),
  overrides: (_, { workgroupSize }) => ({ WORKGROUP_SIZE: workgroupSize }),
  workgroups: (_, product) => {
    const [across, down] = tilesOf(product, product.workgroupSize);
    return [across, down, product.batch];
  },
  flops: (_, { batch, m, k, n }) => 2 * batch * m * k * n,
  executed: (_, product) => {
    const [across, down] = tilesOf(product, product.workgroupSize);
    const threads = across * down * product.workgroupSize;
    return 2 * product.batch * product.k * threads * TILE[0] * TILE[1];
  },
  untouched: (_, { addends = 0 }) => ['c', 'd'].slice(addends),
});
