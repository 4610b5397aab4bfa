import { FacegradError } from '../../gpu/errors';
import { axisOf, size } from '../../kernels/kernel';
import {
  reduceBackward,
  reduceExtreme,
  reduceExtremeBackward,
  reduceForward,
  type ReducedAxes,
  type Reduction,
} from '../../kernels/reduce';
import { defineOperation, type Operation, type Tape } from '../tape';
import type { Value } from '../value';
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

/** The largest or smallest elements over axes that lie side by side; the gradient goes to the first of equal ones. */
const extremeAdjacent = defineOperation({
  name: 'extreme',
  forward(
    tape: Tape,
    { x }: X,
    attributes: ReducedAxes & { smallest?: boolean },
  ): Record<'y' | 'indices', Value> {
    return tape.dispatch(reduceExtreme, { x }, attributes);
  },
  backward(tape, { inputs: { x }, outputs: { indices }, attributes, dy }) {
    const given = { indices, dy: dy.y!, dx: tape.destination(x) };
    const axes = { ...attributes, input: x.shape };
    return { x: tape.dispatch(reduceExtremeBackward, given, axes).dx };
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
  const left = keepDims
    ? shape.map((extent, axis) => (sorted.includes(axis) ? 1 : extent))
    : shape.filter((_, axis) => !sorted.includes(axis));
  return { found, left };
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

const extreme = (name: string, smallest: boolean) =>
  reduction(name, (tape, x, axes) => {
    if (size(x.shape) === 0) {
      throw new FacegradError('bad-input', `${name} of no element, [${x.shape}]`, {
        operation: name,
      });
    }
    return tape.apply(extremeAdjacent, { x }, { ...axes, smallest }).y;
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
        throw new FacegradError('bad-input', `${name} of no element, [${x.shape}]`, {
          operation: name,
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
