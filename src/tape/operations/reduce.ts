import { FacegradError } from '../../gpu/errors';
import { fill } from '../../kernels/copy';
import { axisOf, size } from '../../kernels/kernel';
import {
  reduceBackward,
  reduceExtreme,
  reduceForward,
  type ReducedAxes,
  type Reduction,
} from '../../kernels/reduce';
import { defineOperation, type Operation, type Tape } from '../tape';
import type { Value } from '../value';
import { dispatchBinary, dispatchUnary, log, sumTo } from './elementwise';
import { reshape } from './reshape';

type X = Record<'x', Value>;
type Y = Record<'y', Value>;

export interface ReduceAttributes {
  /** Axes, from the end where negative; all where left out. */
  axes?: number | readonly number[];
  /** Leaves reduced axes in the shape, with one element. */
  keepDims?: boolean;
}

/** Axes that lie side by side. */
const reduceAdjacent = defineOperation({
  name: 'reduce',
  forward(tape: Tape, { x }: X, attributes: ReducedAxes & { reduction: Reduction }): Y {
    return tape.dispatch(reduceForward, { x }, attributes);
  },
  backward(tape, { inputs: { x }, outputs: { y }, attributes, dy }) {
    const given = { x, y, dy: dy.y!, dx: tape.destination(x) };
    return { x: tape.dispatch(reduceBackward, given, attributes).dx };
  },
});

/** The axes asked for as ranges of neighbours, the last first, and the shape that they leave. */
function ranges(name: string, shape: readonly number[], { axes, keepDims }: ReduceAttributes) {
  const asked = typeof axes === 'number' ? [axes] : (axes ?? shape.map((_, i) => i));
  const sorted = [...new Set(asked.map((axis) => axisOf(name, axis, shape.length)))].sort(
    (a, b) => b - a,
  );
  const found: [number, number][] = [];
  for (const axis of sorted) {
    if (found.at(-1)?.[0] === axis + 1) found.at(-1)![0] = axis;
    else found.push([axis, axis + 1]);
  }
  // No axis is a sum of one term.
  if (found.length === 0) found.push([shape.length, shape.length]);
  const kept = shape.map((extent, axis) => (sorted.includes(axis) ? 1 : extent));
  const left = keepDims ? kept : shape.filter((_, axis) => !sorted.includes(axis));
  return { found, kept, left };
}

/** A reduction over any axes: one range after another, then the shape. */
function reduction(
  name: string,
  step: (tape: Tape, x: Value, axes: ReducedAxes, first: boolean) => Value,
): Operation<X, 'y', never, ReduceAttributes> {
  return defineOperation({
    name,
    composite: true,
    forward(tape: Tape, { x }: X, attributes: ReduceAttributes = {}): Y {
      const { found, left } = ranges(name, x.shape, attributes);
      let y = x;
      found.forEach(([begin, end], i) => {
        y = step(tape, y, { begin, end }, i === 0);
      });
      return tape.apply(reshape, { x: y }, { shape: left });
    },
  });
}

/** `then` reduces what another range's reduction has left. */
const linearReduction = (name: string, first: Reduction, then: Reduction = first) =>
  reduction(name, (tape, x, axes, isFirst) => {
    const attributes = { ...axes, reduction: isFirst ? first : then };
    return tape.apply(reduceAdjacent, { x }, attributes).y;
  });

/** The largest or smallest elements, one range of axes after another; of none -infinity, or infinity. */
function extremeOver(
  tape: Tape,
  x: Value,
  ranged: [number, number][],
  smallest: boolean,
  left: readonly number[],
): Value {
  if (size(x.shape) === 0) {
    const none = dispatchUnary(tape, 'log', tape.dispatch(fill, {}, { shape: left, value: 0 }).y);
    return smallest ? dispatchUnary(tape, 'neg', none) : none;
  }
  return ranged.reduce(
    (y, [begin, end]) => tape.dispatch(reduceExtreme, { x: y }, { begin, end, smallest }).y,
    x,
  );
}

/** Of equal elements each gets the same share of the gradient, as in PyTorch's amax. */
const extreme = (name: string, smallest: boolean) =>
  defineOperation({
    name,
    forward(tape: Tape, { x }: X, attributes: ReduceAttributes = {}): Y {
      const { found, left } = ranges(name, x.shape, attributes);
      return { y: extremeOver(tape, x, found, smallest, left).reshape(left) };
    },
    backward(tape, { inputs: { x }, outputs: { y }, attributes = {}, dy }) {
      const { kept } = ranges(name, x.shape, attributes);
      const reached = dispatchBinary(tape, 'equal', x, y.reshape(kept));
      const share = dispatchBinary(tape, 'div', dy.y!.reshape(kept), sumTo(tape, reached, kept));
      return { x: dispatchBinary(tape, 'mul', reached, share) };
    },
  });

/** The logarithm of the sum. */
export const logSum = defineOperation({
  name: 'log_sum',
  composite: true,
  forward(tape: Tape, { x }: X, attributes: ReduceAttributes = {}): Y {
    return tape.apply(log, { x: tape.apply(sum, { x }, attributes).y });
  },
});

/** The logarithm of the sum of exp(x), without overflow; dx = dy exp(x - y). */
export const logSumExp = defineOperation({
  name: 'log_sum_exp',
  forward(tape: Tape, { x }: X, attributes: ReduceAttributes = {}): Y {
    const { found, kept, left } = ranges('log_sum_exp', x.shape, attributes);
    // Finite, so that of infinite ones no difference is taken.
    const largest = dispatchUnary(
      tape,
      'clip',
      extremeOver(tape, x, found, false, kept).reshape(kept),
      -Infinity,
      Infinity,
    );
    const powers = dispatchUnary(tape, 'exp', dispatchBinary(tape, 'sub', x, largest));
    const logarithm = dispatchUnary(tape, 'log', sumTo(tape, powers, kept));
    return { y: dispatchBinary(tape, 'add', logarithm, largest).reshape(left) };
  },
  backward(tape, { inputs: { x }, outputs: { y }, attributes = {}, dy }) {
    const { kept } = ranges('log_sum_exp', x.shape, attributes);
    const share = dispatchUnary(tape, 'exp', dispatchBinary(tape, 'sub', x, y.reshape(kept)));
    return { x: dispatchBinary(tape, 'mul', share, dy.y!.reshape(kept)) };
  },
});

export const sum = /* @__PURE__ */ linearReduction('sum', 'sum');
export const mean = /* @__PURE__ */ linearReduction('mean', 'mean');
export const prod = /* @__PURE__ */ linearReduction('prod', 'product');
export const l1Norm = /* @__PURE__ */ linearReduction('l1_norm', 'l1');
export const l2Norm = /* @__PURE__ */ linearReduction('l2_norm', 'l2');
export const sumSquare = /* @__PURE__ */ linearReduction('sum_square', 'sum_square', 'sum');
export const max = /* @__PURE__ */ extreme('max', false);
export const min = /* @__PURE__ */ extreme('min', true);

export interface ArgAttributes {
  /** One axis; over everything, as if it were flat, where left out. */
  axis?: number;
  keepDims?: boolean;
  /** Of equal elements the last instead of the first. */
  last?: boolean;
}

const arg = (name: string, smallest: boolean) =>
  defineOperation({
    name,
    forward(tape: Tape, { x }: X, { axis, keepDims, last }: ArgAttributes = {}): Y {
      const { found, left } = ranges(name, x.shape, { axes: axis, keepDims });
      if (size(x.shape) === 0) {
        throw new FacegradError('bad-input', `${name} of an empty axis, [${x.shape}]`, {
          operation: name,
          available: x.shape,
        });
      }
      const [begin, end] = found[0];
      const attributes = { begin, end, shape: left, smallest, last };
      return { y: tape.dispatch(reduceExtreme, { x }, attributes).indices };
    },
  });

/** Index of the largest element, u32. */
export const argmax = /* @__PURE__ */ arg('argmax', false);
/** Index of the smallest element, u32. */
export const argmin = /* @__PURE__ */ arg('argmin', true);
