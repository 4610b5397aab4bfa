import { FacegradError } from '../../gpu/errors';
import { works } from '../../kernels/fast';
import { unaryForward } from '../../kernels/elementwise';
import { broadcastShape } from '../../kernels/elementwise';
import {
  gemmExtents,
  gemmForward,
  gemmProduct,
  gemmTiled,
  tiledWorkgroupSize,
  type GemmAttributes,
  type Product,
} from '../../kernels/gemm';
import { size } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { expand } from './copy';
import { sumTo } from './elementwise';
import { reshape } from './reshape';

export type Inputs = Record<'a' | 'b', Value> & { c?: Value };

/** y = alpha a' b' + beta c, of matrices or of equally many; a' is a, or a transposed; c repeats to y's rows and columns. */
export const gemm = defineOperation({
  name: 'gemm',
  forward(tape: Tape, { a, b, c }: Inputs, attributes: GemmAttributes = {}): Record<'y', Value> {
    const ranks = [a.shape.length, b.shape.length];
    const { k, l, m, n } = gemmExtents(a.shape, b.shape, attributes);
    const matrices = ranks[0] === ranks[1] && (ranks[0] === 2 || ranks[0] === 3);
    if (!matrices || k !== l || (ranks[0] === 3 && a.shape[0] !== b.shape[0])) {
      throw new FacegradError(
        'bad-input',
        `gemm: [${a.shape}] and [${b.shape}] cannot be multiplied`,
        {
          operation: 'gemm',
          wanted: k,
          available: l,
        },
      );
    }
    if (c && size(broadcastShape('gemm', c.shape, [m, n])) !== m * n) {
      throw new FacegradError(
        'bad-input',
        `gemm: c [${c.shape}] cannot be broadcast to [${m},${n}]`,
      );
    }
    const beta = c ? (attributes.beta ?? 1) : 0;
    return dispatchGemm(tape, { a, b, c: c ?? a }, { ...attributes, beta });
  },
  backward(tape, { inputs: { a, b, c }, attributes = {}, dy: { y: dy } }) {
    const { transA = false, transB = false, alpha, beta = 1 } = attributes;
    const product = (left: Value, right: Value, trans: [boolean, boolean], target: Value) => {
      const given = { a: left, b: right, c: left, y: tape.destination(target) };
      const options = { alpha, beta: 0, transA: trans[0], transB: trans[1] };
      return dispatchGemm(tape, given, options).y;
    };
    const result: Partial<Record<'a' | 'b' | 'c', Value>> = {};
    // da' = dy b'^T and db' = a'^T dy; transposed where a or b is.
    if (tape.needsGradient(a)) {
      result.a = transA ? product(b, dy!, [transB, true], a) : product(dy!, b, [false, !transB], a);
    }
    if (tape.needsGradient(b)) {
      result.b = transB ? product(dy!, a, [true, transA], b) : product(a, dy!, [!transA, false], b);
    }
    if (c && tape.needsGradient(c)) {
      const scaled = { operation: 'affine', alpha: beta } as const;
      result.c = tape.dispatch(unaryForward, { x: sumTo(tape, dy!, c.shape) }, scaled).y;
    }
    return result;
  },
});

function dispatchGemm(
  tape: Tape,
  given: Record<'a' | 'b' | 'c', Value> & { y?: Value },
  attributes: GemmAttributes,
): Record<'y', Value> {
  const { a, b, c } = given;
  const product = gemmProduct({ a: a.spec, b: b.spec, c: c.spec }, attributes);
  return tiledProduct(tape, given, product) ?? tape.dispatch(gemmForward, given, attributes);
}

/**
 * The product by register tiles, where those are faster; d may be left out where it is not read.
 * @param target whose gradient y is
 */
export function tiledProduct(
  tape: Tape,
  given: Record<'a' | 'b' | 'c', Value> & { d?: Value; y?: Value },
  product: Product,
  target?: Value,
): Record<'y', Value> | undefined {
  const workgroupSize = tiledWorkgroupSize(tape.capabilities, product);
  if (workgroupSize === undefined || tape.plain) return undefined;
  if (!works(tape.capabilities, 'matrix product subgroup')) return undefined;
  const { c } = given;
  const y = target ? tape.destination(target) : given.y;
  return tape.dispatch(gemmTiled, { d: c, ...given, y }, { ...product, workgroupSize });
}

/** Matrix products over the last two axes, the axes before them repeated as NumPy does; a vector is a row, or a column. */
export const matmul = defineOperation({
  name: 'matmul',
  composite: true,
  forward(tape: Tape, { a, b }: Record<'a' | 'b', Value>, _: void): Record<'y', Value> {
    if (a.shape.length === 0 || b.shape.length === 0) {
      throw new FacegradError('bad-input', 'matmul: a scalar is not a matrix', {
        operation: 'matmul',
      });
    }
    const left = a.shape.length === 1 ? [1, a.shape[0]] : a.shape;
    const right = b.shape.length === 1 ? [b.shape[0], 1] : b.shape;
    const [m, k] = left.slice(-2);
    const [l, n] = right.slice(-2);
    const [lead, follow] = [left.slice(0, -2), right.slice(0, -2)];
    const batch = broadcastShape('matmul', lead, follow);
    const shape = [
      ...batch,
      ...(a.shape.length === 1 ? [] : [m]),
      ...(b.shape.length === 1 ? [] : [n]),
    ];
    const view = (x: Value, to: readonly number[]) => tape.apply(reshape, { x }, { shape: to }).y;
    let y: Value;
    if (size(follow) === 1) {
      // One b for all: the matrices of a below each other are one.
      const rows = view(a, [size(lead) * m, k]);
      y = tape.apply(gemm, { a: rows, b: view(b, [l, n]) }, {}).y;
    } else {
      const stack = (x: Value, whole: readonly number[]) => {
        const matrix = whole.slice(-2);
        const all = [...batch, ...matrix];
        const seen = view(x, whole);
        const repeated =
          size(all) === size(whole) ? seen : tape.apply(expand, { x: seen }, { shape: all }).y;
        return view(repeated, [size(batch), ...matrix]);
      };
      y = tape.apply(gemm, { a: stack(a, left), b: stack(b, right) }, {}).y;
    }
    return { y: view(y, shape) };
  },
});
