import { FacegradError } from '../../gpu/errors';
import {
  denseBackward,
  denseBackwardActivation,
  denseForward,
  denseInputProduct,
  denseProduct,
  denseWeightProduct,
  type DenseAttributes,
} from '../../kernels/dense';
import type { Product } from '../../kernels/gemm';
import { size } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { tiledProduct } from './gemm';

export interface Inputs {
  x: Value;
  weight: Value;
  bias?: Value;
}

export type Attributes = DenseAttributes & {
  /** The state buffer with the seed and the step's number: dropout draws from them. */
  step?: Value;
};

/** y = x weight^T + bias (PyTorch's Linear, once per group), and what `attributes` put behind it. */
export const linear = defineOperation({
  name: 'linear',
  forward(tape, { x, weight, bias }: Inputs, { step, ...attributes }: Attributes = {}) {
    if (attributes.dropout && !(attributes.relu && step)) {
      throw new FacegradError('bad-input', 'linear: dropout needs `relu` before it, and `step`');
    }
    return linearForward(tape, { x, weight, bias, step }, attributes);
  },
  backward(tape, { inputs, outputs, attributes = {}, dy: { y: dy } }) {
    if (!dy) return {};
    const { weight } = inputs;
    const { relu, dropout, sideBySide } = attributes;
    if (!relu && !sideBySide) return linearBackward(tape, inputs, dy);
    const groups = weight.shape.length === 3 ? weight.shape[0] : 1;
    const M = weight.shape[weight.shape.length - 2];
    const shape = [groups, size(outputs.y.shape) / groups / M, M];
    const { dz } = tape.dispatch(
      denseBackwardActivation,
      { y: outputs.y, dy },
      { relu, dropout, sideBySide, shape },
    );
    return linearBackward(tape, inputs, dz);
  },
});

/** The product itself, for the operations that have one: with none, one or two biases. */
export function linearForward(
  tape: Tape,
  given: Inputs & { second_bias?: Value; step?: Value },
  attributes: DenseAttributes = {},
): Record<'y', Value> {
  const { x, weight } = given;
  const [bias, second_bias] = [given.bias, given.second_bias].filter(
    (value) => value !== undefined,
  );
  const biases = bias ? (second_bias ? 2 : 1) : 0;
  const { standIn } = weight;
  const c = bias ?? standIn;
  const d = second_bias ?? standIn;
  const product = denseProduct(x.spec, weight.spec, { ...attributes, addends: biases });
  const tiled = attributes.dropout
    ? undefined
    : tiledProduct(tape, { a: x, b: weight, c, d }, product);
  const step = given.step ?? standIn;
  return (
    tiled ??
    tape.dispatch(
      denseForward,
      { x, weight, bias: c, second_bias: d, step },
      { ...attributes, biases },
    )
  );
}

/** Operations from which on a gradient has a dispatch of its own: small layers would only lengthen the step. */
const OWN_DISPATCH = 2 ** 28;

/**
 * Those of the gradients `of` that something needs: the products by register tiles where those are faster, the others in one
 * dispatch.
 */
export function linearBackward(
  tape: Tape,
  { x, weight, bias }: Inputs,
  dy: Value,
  of: readonly (keyof Inputs)[] = ['x', 'weight', 'bias'],
): Partial<Inputs> {
  const needs = (name: keyof Inputs, value?: Value) =>
    value !== undefined && of.includes(name) && tape.needsGradient(value);
  const tiled = (target: Value, b: Value, product: Product) => {
    if (2 * product.batch * product.m * product.k * product.n < OWN_DISPATCH) return undefined;
    return tiledProduct(tape, { a: dy, b, c: weight.standIn }, product, target)?.y;
  };
  const result: Partial<Inputs> = {};
  if (needs('x', x)) {
    result.x = tiled(x, weight, denseInputProduct(x.spec, weight.spec, dy.spec));
  }
  if (needs('weight', weight)) {
    result.weight = tiled(weight, x, denseWeightProduct(weight.spec, dy.spec));
  }
  const wanted = {
    input: needs('x', x) && !result.x,
    weight: needs('weight', weight) && !result.weight,
    bias: needs('bias', bias),
  };
  if (!wanted.input && !wanted.weight && !wanted.bias) return result;
  const { dx, dweight, dbias } = tape.dispatch(
    denseBackward,
    {
      x,
      weight,
      dy,
      dx: wanted.input ? tape.destination(x) : undefined,
      dweight: wanted.weight ? tape.destination(weight) : undefined,
      dbias: wanted.bias ? tape.destination(bias!) : undefined,
    },
    wanted,
  );
  if (wanted.input) result.x = dx;
  if (wanted.weight) result.weight = dweight;
  if (wanted.bias) result.bias = dbias;
  return result;
}
