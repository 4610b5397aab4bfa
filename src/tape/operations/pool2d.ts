import { FacegradError } from '../../gpu/errors';
import {
  avgPool2dBackward,
  avgPool2dForward,
  maxPool2dBackward,
  maxPool2dForward,
} from '../../kernels/pool2d';
import { fill } from '../../kernels/copy';
import { pair, windowOf, windowsIn, type Pair, type WindowAttributes } from '../../kernels/window';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { dispatchBinary, dispatchUnary } from './elementwise';
import { max, mean } from './reduce';

type X = Record<'x', Value>;

export interface Pool2dAttributes extends WindowAttributes {
  /** Rows and columns of the window; its stride as well, if none is given. */
  kernel: Pair;
  /** A last window that only begins inside counts too. */
  ceilMode?: boolean;
}

export interface AvgPool2dAttributes extends Pool2dAttributes {
  /** Zeros around the image count as elements; they do by default, as in PyTorch. */
  countIncludePad?: boolean;
  /** What sums are divided by, instead of the number of elements. */
  divisor?: number;
}

function pool(name: string, { x }: X, attributes: Pool2dAttributes) {
  const { kernel, ceilMode, stride = kernel, ...rest } = attributes;
  if (x.shape.length < 3 || x.spec.layout) {
    throw new FacegradError('bad-input', `${name}: x [${x.shape}] must be a dense [N, C, H, W]`, {
      operation: name,
      available: x.shape,
    });
  }
  const image = x.shape.slice(-2);
  const window = windowOf(name, pair(kernel), image, { ...rest, stride });
  const shape = [...x.shape.slice(0, -2), ...windowsIn(name, image, window, ceilMode)];
  return { window, shape };
}

/** PyTorch's MaxPool2d: y, and where in its plane each maximum was. */
export const maxPool2d = defineOperation({
  name: 'max_pool2d',
  forward(tape: Tape, inputs: X, attributes: Pool2dAttributes): Record<'y' | 'indices', Value> {
    return tape.dispatch(maxPool2dForward, inputs, pool('max_pool2d', inputs, attributes));
  },
  backward(tape, { inputs, outputs: { indices }, attributes, dy }) {
    const given = { indices, dy: dy.y!, dx: tape.destination(inputs.x) };
    const whole = { ...pool('max_pool2d', inputs, attributes), input: inputs.x.shape };
    return { x: tape.dispatch(maxPool2dBackward, given, whole).dx };
  },
});

const averaging = (inputs: X, attributes: AvgPool2dAttributes) => ({
  ...pool('avg_pool2d', inputs, attributes),
  includePad: attributes.countIncludePad ?? true,
  divisor: attributes.divisor ?? 0,
});

/** PyTorch's AvgPool2d. */
export const avgPool2d = defineOperation({
  name: 'avg_pool2d',
  forward(tape: Tape, inputs: X, attributes: AvgPool2dAttributes): Record<'y', Value> {
    return tape.dispatch(avgPool2dForward, inputs, averaging(inputs, attributes));
  },
  backward(tape, { inputs, attributes, dy }) {
    const given = { dy: dy.y!, dx: tape.destination(inputs.x) };
    const whole = { ...averaging(inputs, attributes), input: inputs.x.shape };
    return { x: tape.dispatch(avgPool2dBackward, given, whole).dx };
  },
});

export interface LpPool2dAttributes extends Pool2dAttributes {
  /** Default 2. */
  p?: number;
}

/** Least norm that a gradient is divided by; windows of zeros have the gradient 0. */
const LEAST = 1e-10;

/** x^p with one p for all. */
function power(tape: Tape, x: Value, p: number): Value {
  if (p === 0.5) return dispatchUnary(tape, 'sqrt', x);
  return dispatchBinary(tape, 'pow', x, tape.dispatch(fill, {}, { shape: [], value: p }).y);
}

/** The p-norm of each window: (sum |x|^p)^(1/p), and dx = x |x|^(p-2) times the sum of dy y^(1-p). */
export const lpPool2d = defineOperation({
  name: 'lp_pool2d',
  forward(tape: Tape, inputs: X, attributes: LpPool2dAttributes): Record<'y', Value> {
    const { p = 2, ...rest } = attributes;
    if (!(p >= 1)) {
      throw new FacegradError('bad-input', `lp_pool2d: p must be 1 or more, got ${p}`, {
        operation: 'lp_pool2d',
        available: p,
      });
    }
    const powers = power(tape, dispatchUnary(tape, 'abs', inputs.x), p);
    const sums = { ...pool('lp_pool2d', inputs, rest), includePad: true, divisor: 1 };
    return { y: power(tape, tape.dispatch(avgPool2dForward, { x: powers }, sums).y, 1 / p) };
  },
  backward(tape, { inputs, outputs: { y }, attributes, dy }) {
    const { p = 2, ...rest } = attributes;
    const norms = dispatchUnary(tape, 'clip', y, LEAST, Infinity);
    const share = dispatchBinary(tape, 'mul', dy.y!, power(tape, norms, 1 - p));
    const sums = { ...pool('lp_pool2d', inputs, rest), includePad: true, divisor: 1 };
    const whole = { ...sums, input: inputs.x.shape };
    const { dx } = tape.dispatch(avgPool2dBackward, { dy: share }, whole);
    const size = power(tape, dispatchUnary(tape, 'abs', inputs.x), p - 1);
    const slope = dispatchBinary(tape, 'mul', dispatchUnary(tape, 'sign', inputs.x), size);
    return { x: dispatchBinary(tape, 'mul', dx, slope) };
  },
});

/** x [N, C, H, W] -> y [N, C, 1, 1], the mean of each plane (or the volume of a longer shape). */
export const globalAvgPool = defineOperation({
  name: 'global_avg_pool',
  composite: true,
  forward(tape: Tape, { x }: X, _: void): Record<'y', Value> {
    const axes = x.shape.map((_, axis) => axis).slice(2);
    return tape.apply(mean, { x }, { axes, keepDims: true });
  },
});

/** x [N, C, H, W] -> y [N, C, 1, 1], the maximum of each plane. */
export const globalMaxPool = defineOperation({
  name: 'global_max_pool',
  composite: true,
  forward(tape: Tape, { x }: X, _: void): Record<'y', Value> {
    const axes = x.shape.map((_, axis) => axis).slice(2);
    return tape.apply(max, { x }, { axes, keepDims: true });
  },
});
