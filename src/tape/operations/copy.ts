import { FacegradError } from '../../gpu/errors';
import {
  broadcastStrides,
  copyAxis,
  copyAxisBackward,
  copyPlace,
  copyStrided,
  stridesOf,
  type AxisAttributes,
  type PadMode,
} from '../../kernels/copy';
import { broadcastShape } from '../../kernels/elementwise';
import { axisOf } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { sumTo } from './elementwise';

type X = Record<'x', Value>;
type Y = Record<'y', Value>;

const refuse = (name: string, message: string, facts: object = {}): never => {
  throw new FacegradError('bad-input', `${name}: ${message}`, { operation: name, ...facts });
};

/** Axes in another order: axis i of y is axis `axes[i]` of x; the reverse by default. */
export const transpose = defineOperation({
  name: 'transpose',
  forward(tape: Tape, { x }: X, { axes }: { axes?: readonly number[] } = {}): Y {
    const order = orderOf(x, axes);
    const strides = stridesOf(x.shape);
    const shape = order.map((axis) => x.shape[axis]);
    return tape.dispatch(
      copyStrided,
      { x },
      { shape, strides: order.map((axis) => strides[axis]) },
    );
  },
  backward(tape, { inputs: { x }, attributes, dy }) {
    const order = orderOf(x, attributes?.axes);
    const strides = stridesOf(dy.y!.shape);
    const { y } = tape.dispatch(
      copyStrided,
      { x: dy.y!, y: tape.destination(x) },
      { shape: x.shape, strides: x.shape.map((_, axis) => strides[order.indexOf(axis)]) },
    );
    return { x: y };
  },
});

function orderOf(x: Value, axes?: readonly number[]): number[] {
  const rank = x.shape.length;
  const order = axes
    ? axes.map((axis) => axisOf('transpose', axis, rank))
    : x.shape.map((_, i) => rank - 1 - i);
  if (new Set(order).size !== rank || order.length !== rank) {
    refuse('transpose', `[${axes}] is not a permutation of the axes of [${x.shape}]`, {
      wanted: axes,
    });
  }
  return order;
}

/** x repeated along axes in which it has one element, or that it lacks in front. */
export const expand = defineOperation({
  name: 'expand',
  forward(tape: Tape, { x }: X, { shape }: { shape: readonly number[] }): Y {
    const whole = broadcastShape('expand', x.shape, shape);
    const strides = broadcastStrides(x.shape, whole);
    return tape.dispatch(copyStrided, { x }, { shape: whole, strides });
  },
  backward(tape, { inputs: { x }, dy }) {
    return { x: sumTo(tape, dy.y!, x.shape) };
  },
});

/** A slice or a border along one axis. */
const alongAxis = defineOperation({
  name: 'axis',
  forward(tape: Tape, { x }: X, attributes: AxisAttributes): Y {
    return tape.dispatch(copyAxis, { x }, attributes);
  },
  /** With k = l * step + begin, l = (k - begin) / step. */
  backward(tape, { inputs: { x }, attributes, dy }) {
    const { axis, begin, step = 1, mode = 'constant' } = attributes;
    if (mode !== 'constant') {
      const given = { dy: dy.y!, dx: tape.destination(x) };
      const whole = { ...attributes, shape: x.shape };
      return { x: tape.dispatch(copyAxisBackward, given, whole).dx };
    }
    const sign = Math.sign(step);
    const { y } = tape.dispatch(
      copyAxis,
      { x: dy.y!, y: tape.destination(x) },
      { axis, length: x.shape[axis], begin: -begin * sign, step: sign, every: Math.abs(step) },
    );
    return { x: y };
  },
});

export interface SliceAttributes {
  starts: readonly number[];
  /** First index that is left out. Negative counts from the end; past an end is that end. */
  ends: readonly number[];
  /** The first ones by default. */
  axes?: readonly number[];
  steps?: readonly number[];
}

/** x[start:end:step] along some axes, with Python's rules. */
export const slice = defineOperation({
  name: 'slice',
  composite: true,
  forward(tape: Tape, { x }: X, { starts, ends, axes, steps }: SliceAttributes): Y {
    let y = x;
    const which = axes ?? starts.map((_, i) => i);
    if (ends.length !== starts.length || which.length !== starts.length) {
      refuse('slice', 'starts, ends and axes must have the same length', { wanted: starts.length });
    }
    which.forEach((given, i) => {
      const axis = axisOf('slice', given, x.shape.length);
      const step = steps?.[i] ?? 1;
      if (!Number.isInteger(step) || step === 0) refuse('slice', `the step cannot be ${step}`);
      const extent = x.shape[axis];
      const bound = (index: number) => {
        const at = index < 0 ? index + extent : index;
        return step > 0
          ? Math.min(Math.max(at, 0), extent)
          : Math.min(Math.max(at, -1), extent - 1);
      };
      const begin = bound(starts[i]);
      const length = Math.max(0, Math.ceil((bound(ends[i]) - begin) / step));
      y = tape.apply(alongAxis, { x: y }, { axis, length, begin, step }).y;
    });
    return { y };
  },
});

export interface PadAttributes {
  /** Elements put before and after each axis; negative ones are taken away. */
  before: readonly number[];
  after: readonly number[];
  mode?: PadMode;
  /** With mode 'constant', the default. */
  value?: number;
}

/** x with a border along every axis. */
export const pad = defineOperation({
  name: 'pad',
  composite: true,
  forward(tape: Tape, { x }: X, { before, after, mode, value }: PadAttributes): Y {
    if (before.length !== x.shape.length || after.length !== x.shape.length) {
      refuse('pad', `before and after need ${x.shape.length} numbers each for [${x.shape}]`);
    }
    let y = x;
    x.shape.forEach((extent, axis) => {
      if (before[axis] === 0 && after[axis] === 0) return;
      const length = extent + before[axis] + after[axis];
      if (!Number.isInteger(length) || length < 0)
        refuse('pad', `axis ${axis} would have ${length}`);
      y = tape.apply(alongAxis, { x: y }, { axis, length, begin: -before[axis], mode, value }).y;
    });
    return { y };
  },
});

/** Tensors one after another along an axis. */
export const concat = defineOperation({
  name: 'concat',
  forward(tape: Tape, inputs: Record<string, Value>, { axis = 0 }: { axis?: number } = {}): Y {
    const parts = Object.values(inputs);
    const first = parts[0] ?? refuse('concat', 'no tensors were given');
    const along = axisOf('concat', axis, first.shape.length);
    for (const { shape, spec } of parts) {
      if (
        spec.dtype !== first.spec.dtype ||
        shape.length !== first.shape.length ||
        shape.some((extent, i) => i !== along && extent !== first.shape[i])
      ) {
        refuse('concat', `[${shape}] cannot be joined to [${first.shape}] along axis ${axis}`);
      }
    }
    const length = parts.reduce((sum, { shape }) => sum + shape[along], 0);
    let begin = 0;
    let y: Value | undefined;
    for (const x of parts) {
      y = tape.dispatch(copyPlace, { x, y }, { axis: along, length, begin }).y;
      begin += x.shape[along];
    }
    return { y: y! };
  },
  backward(tape, { inputs, attributes, dy }) {
    const gradients: Record<string, Value> = {};
    let begin = 0;
    for (const [name, x] of Object.entries(inputs)) {
      const axis = axisOf('concat', attributes?.axis ?? 0, x.shape.length);
      const length = x.shape[axis];
      if (tape.needsGradient(x)) {
        const given = { x: dy.y!, y: tape.destination(x) };
        gradients[name] = tape.dispatch(copyAxis, given, { axis, length, begin }).y;
      }
      begin += length;
    }
    return gradients;
  },
});
