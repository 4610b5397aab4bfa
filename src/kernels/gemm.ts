import shader from '../../shaders/gemm/forward.wgsl';
import { broadcastStrides } from './copy';
import { defineKernel, f32, type TensorSpec } from './kernel';

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
