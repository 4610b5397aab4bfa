import {
  binaryForward,
  broadcastShape,
  unaryBackward,
  unaryForward,
  type Binary,
  type Unary,
} from '../../kernels/elementwise';
import { reduceForward } from '../../kernels/reduce';
import { defineOperation, type Operation, type Tape } from '../tape';
import type { Value } from '../value';

type X = Record<'x', Value>;
type Y = Record<'y', Value>;

/** y = f(x); `numbers` says how the attributes become the function's two numbers. */
function unary<A>(
  operation: Unary,
  numbers: (attributes: A) => { alpha?: number; beta?: number } = () => ({}),
): Operation<X, 'y', never, A> {
  return defineOperation({
    name: operation,
    forward(tape: Tape, { x }: X, attributes: A): Y {
      return tape.dispatch(unaryForward, { x }, { operation, ...numbers(attributes) });
    },
    backward(tape: Tape, { inputs: { x }, outputs: { y }, attributes, dy }): Partial<X> {
      const given = { x, y, dy: dy.y!, dx: tape.destination(x) };
      const { dx } = tape.dispatch(unaryBackward, given, { operation, ...numbers(attributes) });
      return { x: dx };
    },
  });
}

export const neg = /* @__PURE__ */ unary<void>('neg');
export const abs = /* @__PURE__ */ unary<void>('abs');
export const exp = /* @__PURE__ */ unary<void>('exp');
export const log = /* @__PURE__ */ unary<void>('log');
export const sqrt = /* @__PURE__ */ unary<void>('sqrt');
export const reciprocal = /* @__PURE__ */ unary<void>('reciprocal');
export const square = /* @__PURE__ */ unary<void>('square');
export const sigmoid = /* @__PURE__ */ unary<void>('sigmoid');
export const tanh = /* @__PURE__ */ unary<void>('tanh');
export const softplus = /* @__PURE__ */ unary<void>('softplus');
export const softsign = /* @__PURE__ */ unary<void>('softsign');
/** x, or `slope` times it below 0. */
export const leakyRelu = /* @__PURE__ */ unary(
  'leaky_relu',
  (attributes: { slope?: number } = {}) => ({
    alpha: attributes.slope ?? 0.01,
  }),
);
/** x, or alpha (exp(x) - 1) below 0. */
export const elu = /* @__PURE__ */ unary('elu', (attributes: { alpha?: number } = {}) => ({
  alpha: attributes.alpha ?? 1,
}));
/** x, but at least `min` and at most `max`. */
export const clip = /* @__PURE__ */ unary(
  'clip',
  (attributes: { min?: number; max?: number } = {}) => ({
    alpha: attributes.min ?? -Infinity,
    beta: attributes.max ?? Infinity,
  }),
);
/** alpha x + beta, between 0 and 1; PyTorch's by default. */
export const hardSigmoid = /* @__PURE__ */ unary(
  'hard_sigmoid',
  (attributes: { alpha?: number; beta?: number } = {}) => ({
    alpha: attributes.alpha ?? 1 / 6,
    beta: attributes.beta ?? 0.5,
  }),
);
/** PyTorch's ELU whose slope is 1 at 0 whatever alpha is. */
export const celu = /* @__PURE__ */ unary('celu', (attributes: { alpha?: number } = {}) => ({
  alpha: attributes.alpha ?? 1,
}));
export const ceil = /* @__PURE__ */ unary<void>('ceil');
export const floor = /* @__PURE__ */ unary<void>('floor');
export const sign = /* @__PURE__ */ unary<void>('sign');
export const sin = /* @__PURE__ */ unary<void>('sin');
export const cos = /* @__PURE__ */ unary<void>('cos');
export const tan = /* @__PURE__ */ unary<void>('tan');
export const erf = /* @__PURE__ */ unary<void>('erf');
/** With the error function, not the approximation by tanh. */
export const gelu = /* @__PURE__ */ unary<void>('gelu');
/** x sigmoid(x), also called swish. */
export const silu = /* @__PURE__ */ unary<void>('silu');
export const hardSwish = /* @__PURE__ */ unary<void>('hard_swish');
/** scale x + shift, with numbers. */
export const affine = /* @__PURE__ */ unary(
  'affine',
  (attributes: { scale?: number; shift?: number } = {}) => ({
    alpha: attributes.scale ?? 1,
    beta: attributes.shift ?? 0,
  }),
);

/** Axes of `from` along which a tensor of shape `to` was repeated, side by side ones together, the last first. */
function repeatedAxes(from: readonly number[], to: readonly number[]): [number, number][] {
  const groups: [number, number][] = [];
  for (let axis = from.length - 1; axis >= 0; axis--) {
    const own = to[axis - from.length + to.length] ?? 1;
    if (own === from[axis]) continue;
    if (groups.at(-1)?.[0] === axis + 1) groups.at(-1)![0] = axis;
    else groups.push([axis, axis + 1]);
  }
  return groups;
}

/** The gradient of a repeated tensor: dy summed over the repetitions, in the tensor's shape. */
export function sumTo(tape: Tape, dy: Value, shape: readonly number[]): Value {
  let sum = dy;
  for (const [begin, end] of repeatedAxes(dy.shape, shape)) {
    sum = tape.dispatch(reduceForward, { x: sum }, { reduction: 'sum', begin, end }).y;
  }
  return sum.reshape(shape);
}

type AB = Record<'a' | 'b', Value>;
/** The gradient by a (or b) in the result's shape, from dy, y and both operands. */
type Slope = (tape: Tape, dy: Value, operands: AB & Y) => Value;

export const dispatchBinary = (tape: Tape, operation: Binary, a: Value, b: Value) =>
  tape.dispatch(binaryForward, { a, b }, { operation }).y;
export const dispatchUnary = (tape: Tape, operation: Unary, x: Value, alpha = 0, beta = 0) =>
  tape.dispatch(unaryForward, { x }, { operation, alpha, beta }).y;

function binary(operation: Binary, da: Slope, db: Slope): Operation<AB, 'y', never, void> {
  return defineOperation({
    name: operation,
    forward(tape: Tape, { a, b }: AB, _: void): Y {
      broadcastShape(operation, a.shape, b.shape);
      return { y: dispatchBinary(tape, operation, a, b) };
    },
    backward(tape: Tape, { inputs, outputs: { y }, dy }): Partial<AB> {
      const { a, b } = inputs;
      const gradients: Partial<AB> = {};
      const operands = { a, b, y };
      if (tape.needsGradient(a)) gradients.a = sumTo(tape, da(tape, dy.y!, operands), a.shape);
      if (tape.needsGradient(b)) gradients.b = sumTo(tape, db(tape, dy.y!, operands), b.shape);
      return gradients;
    },
  });
}

const unchanged: Slope = (_, dy) => dy;
const share =
  (operation: Binary, one: 'a' | 'b', other: 'a' | 'b'): Slope =>
  (tape, dy, operands) =>
    dispatchBinary(
      tape,
      'mul',
      dy,
      dispatchBinary(tape, operation, operands[one], operands[other]),
    );

/** Operands repeat along axes in which they have one element, as in NumPy and PyTorch. */
export const add = /* @__PURE__ */ binary('add', unchanged, unchanged);
export const sub = /* @__PURE__ */ binary('sub', unchanged, (tape, dy) =>
  dispatchUnary(tape, 'neg', dy),
);
export const mul = /* @__PURE__ */ binary(
  'mul',
  (tape, dy, { b }) => dispatchBinary(tape, 'mul', dy, b),
  (tape, dy, { a }) => dispatchBinary(tape, 'mul', dy, a),
);
/** d(a / b) / db = -y / b. */
export const div = /* @__PURE__ */ binary(
  'div',
  (tape, dy, { b }) => dispatchBinary(tape, 'div', dy, b),
  (tape, dy, { b, y }) => {
    const slope = dispatchBinary(tape, 'div', y, b);
    return dispatchUnary(tape, 'neg', dispatchBinary(tape, 'mul', dy, slope));
  },
);
/** Where both are equal each gets half of the gradient, as in PyTorch. */
export const maximum = /* @__PURE__ */ binary(
  'maximum',
  share('maximum_share', 'a', 'b'),
  share('maximum_share', 'b', 'a'),
);
export const minimum = /* @__PURE__ */ binary(
  'minimum',
  share('minimum_share', 'a', 'b'),
  share('minimum_share', 'b', 'a'),
);
/** a^b. */
export const pow = /* @__PURE__ */ binary(
  'pow',
  share('pow_slope_a', 'a', 'b'),
  share('pow_slope_b', 'a', 'b'),
);

/** x, or `slope` times it below 0; the slope repeats to x's shape. */
export const prelu = defineOperation({
  name: 'prelu',
  forward(tape: Tape, { x, slope }: Record<'x' | 'slope', Value>, _: void): Y {
    broadcastShape('prelu', x.shape, slope.shape);
    return { y: dispatchBinary(tape, 'prelu', x, slope) };
  },
  backward(tape, { inputs: { x, slope }, dy: { y: dy } }) {
    const by = (operand: Value) => dispatchBinary(tape, 'mul', dy!, operand);
    return {
      x: tape.needsGradient(x)
        ? sumTo(tape, by(dispatchBinary(tape, 'prelu_slope', x, slope)), x.shape)
        : undefined,
      slope: tape.needsGradient(slope)
        ? sumTo(tape, by(dispatchUnary(tape, 'clip', x, -Infinity, 0)), slope.shape)
        : undefined,
    };
  },
});
