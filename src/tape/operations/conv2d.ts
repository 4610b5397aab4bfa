import { FacegradError } from '../../gpu/errors';
import { conv2dBackwardInput, conv2dBackwardWeight, conv2dForward } from '../../kernels/conv2d';
import { copyStrided } from '../../kernels/copy';
import { size } from '../../kernels/kernel';
import { reduceForward } from '../../kernels/reduce';
import {
  pair,
  windowOf,
  windowsIn,
  type Pair,
  type Window,
  type WindowAttributes,
} from '../../kernels/window';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { convInputGradient, convOutput, convWeightGradient, takesPlain } from './conv';
import {
  convFramed,
  convFramedGradient,
  convWindow,
  isTuned,
  type ConvWindow,
} from './conv_window';
import { dispatchBinary } from './elementwise';

export interface Conv2dAttributes extends WindowAttributes {
  groups?: number;
}

export interface ConvTranspose2dAttributes extends Conv2dAttributes {
  /** Rows and columns added to one side of the output: which of the sizes that a stride rounds to one. */
  outputPadding?: Pair;
  /** Rows and columns of the output; overrides `outputPadding`. */
  outputSize?: readonly [number, number];
}

export type Inputs = Record<'x' | 'weight', Value> & { bias?: Value };

/** x, and the other side of the weight, have to have these axes. */
function check(name: string, { x, weight, bias }: Inputs, groups: number, axis: 0 | 1): void {
  const refuse = (wanted: string) => {
    throw new FacegradError(
      'bad-input',
      `${name}: x [${x.shape}], weight [${weight.shape}], bias [${bias?.shape ?? ''}], groups ${groups}: ${wanted}`,
      { operation: name, wanted },
    );
  };
  if (x.shape.length !== 4 || x.spec.layout) refuse('x must be a dense [N, C, H, W]');
  if (weight.shape.length !== 4) refuse('weight must have 4 axes');
  const [first, second] = weight.shape;
  if (!Number.isInteger(groups) || groups < 1) refuse('groups must be 1 or more');
  if (first % groups !== 0) refuse("weight's first axis must be a multiple of groups");
  const channels = axis === 1 ? second * groups : first;
  if (x.shape[1] !== channels) refuse(`x must have ${channels} channels`);
  const out = axis === 1 ? first : second * groups;
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== out)) refuse(`bias must be [${out}]`);
}

/** The sum of dy [N, C, H, W] over everything but C. */
export function sumOverChannel(tape: Tape, dy: Value, target?: Value): Value {
  const planes = tape.dispatch(reduceForward, { x: dy }, { reduction: 'sum', begin: 2, end: 4 }).y;
  const axes = { reduction: 'sum', begin: 0, end: 1 } as const;
  return tape.dispatch(reduceForward, { x: planes, y: target }, axes).y;
}

/** y = x + bias: x [G, N, C, H, W], bias [G, C], for convolutions whose kernels add none. */
export const addChannelBias = defineOperation({
  name: 'add_channel_bias',
  forward(tape: Tape, { x, bias }: Record<'x' | 'bias', Value>): Record<'y', Value> {
    const [groups, channels] = bias.shape;
    return { y: dispatchBinary(tape, 'add', x, bias.reshape([groups, 1, channels, 1, 1])) };
  },
  backward(tape, { inputs: { bias }, dy: { y: dy } }) {
    if (!dy) return {};
    const planes = { reduction: 'sum', begin: 3, end: 5 } as const;
    const { y } = tape.dispatch(reduceForward, { x: dy }, planes);
    const images = { reduction: 'sum', begin: 1, end: 2 } as const;
    const dbias = tape.dispatch(reduceForward, { x: y, y: tape.destination(bias) }, images).y;
    return { x: dy, bias: dbias };
  },
});

function windowFor({ x, weight }: Inputs, attributes: Conv2dAttributes): Window {
  const [, , kh, kw] = weight.shape;
  return windowOf('conv2d', [kh, kw], x.shape.slice(2), attributes);
}

/** Multiplications from which on the tuned kernels pay for the weights' and the images' change of layout. */
const WORTH = 2 ** 22;

/** The window as the tuned kernels take it, where there are any and they pay. */
function tunedWindow(
  tape: Tape,
  { x, weight }: Inputs,
  window: Window,
  groups: number,
): ConvWindow | undefined {
  const [N, C, ...extents] = x.shape;
  if (!isTuned(window, groups, C, weight.shape[0])) return undefined;
  // A call by itself keeps the digits that Winograd costs: layers that learn take it, by `conv`.
  const tuned: ConvWindow = {
    ...convWindow('conv2d', window, extents, groups),
    variant: 'direct',
  };
  if (takesPlain(tape, tuned)) return undefined;
  return N * size(tuned.map) * size(weight.shape) >= WORTH ? tuned : undefined;
}

/** One network of those that the tuned kernels take side by side. */
const alone = (value: Value) => value.reshape([1, ...value.shape]);

/** weight [O, C / groups, k, k] as the tuned kernels take it: [1, C, k, k, O], depthwise [1, C, k, k, 1]. */
function outputsLast(tape: Tape, weight: Value, { taps, depthwise }: ConvWindow): Value {
  const [O, C] = weight.shape;
  if (depthwise) return weight.reshape([1, O, taps, taps, 1]);
  const strides = [0, taps ** 2, taps, 1, C * taps ** 2];
  return tape.dispatch(copyStrided, { x: weight }, { shape: [1, C, taps, taps, O], strides }).y;
}

/** The gradient of weight [O, C / groups, k, k] from that of `outputsLast`'s. */
function outputsFirst(tape: Tape, x: Value, weight: Value, { taps, depthwise }: ConvWindow): Value {
  const { shape } = weight;
  const O = shape[0];
  const strides = depthwise ? [taps ** 2, 0, taps, 1] : [1, taps ** 2 * O, taps * O, O];
  return tape.dispatch(copyStrided, { x, y: tape.destination(weight) }, { shape, strides }).y;
}

/** PyTorch's Conv2d: x [N, C, H, W], weight [O, C / groups, kh, kw], bias [O] or none -> y [N, O, OH, OW]. */
export const conv2d = defineOperation({
  name: 'conv2d',
  forward(tape: Tape, inputs: Inputs, attributes: Conv2dAttributes = {}): Record<'y', Value> {
    const { x, weight, bias } = inputs;
    const { groups = 1 } = attributes;
    check('conv2d', inputs, groups, 1);
    const window = windowFor(inputs, attributes);
    const shape = [x.shape[0], weight.shape[0], ...windowsIn('conv2d', x.shape.slice(2), window)];
    const tuned = tunedWindow(tape, inputs, window, groups);
    if (tuned) {
      const frame = convFramed(tape, alone(x), tuned);
      const ordered = outputsLast(tape, weight, tuned);
      const y = convOutput(tape, frame, ordered, bias && alone(bias), tuned);
      return { y: y.reshape(shape) };
    }
    return tape.dispatch(
      conv2dForward,
      { x, weight, bias: bias ?? weight.standIn },
      { window, groups, shape, hasBias: !!bias },
    );
  },
  backward(tape, { inputs, attributes = {}, dy: { y: dy } }) {
    const { x, weight, bias } = inputs;
    const conv = { window: windowFor(inputs, attributes), groups: attributes.groups ?? 1 };
    const result: Partial<Record<keyof Inputs, Value>> = {};
    if (bias && tape.needsGradient(bias)) {
      result.bias = sumOverChannel(tape, dy!, tape.destination(bias));
    }
    const tuned = tunedWindow(tape, inputs, conv.window, conv.groups);
    if (tuned) {
      const gradient = convFramedGradient(tape, alone(dy!), tuned);
      if (tape.needsGradient(weight)) {
        const frame = convFramed(tape, alone(x), tuned);
        const dweight = convWeightGradient(tape, frame, gradient, tuned);
        result.weight = outputsFirst(tape, dweight, weight, tuned);
      }
      if (tape.needsGradient(x)) {
        const ordered = outputsLast(tape, weight, tuned);
        result.x = convInputGradient(tape, gradient, ordered, tuned).reshape(x.shape);
      }
      return result;
    }
    if (tape.needsGradient(weight)) {
      const dweight = tape.destination(weight);
      result.weight = tape.dispatch(conv2dBackwardWeight, { x, dy: dy!, dweight }, conv).dweight;
    }
    if (tape.needsGradient(x)) {
      result.x = tape.dispatch(
        conv2dBackwardInput,
        { dy: dy!, weight, bias: weight, dx: tape.destination(x) },
        { ...conv, shape: x.shape },
      ).dx;
    }
    return result;
  },
});

/** The window of the convolution whose gradient this is, and the shape of y. */
function transposed({ x, weight }: Inputs, attributes: ConvTranspose2dAttributes) {
  const name = 'conv_transpose2d';
  const { groups = 1, outputPadding = 0, outputSize, padding } = attributes;
  const [, perGroup, kh, kw] = weight.shape;
  const [stride, dilation, extra] = [
    pair(attributes.stride ?? 1),
    pair(attributes.dilation ?? 1),
    pair(outputPadding),
  ];
  const full = [kh, kw].map((k, i) => (x.shape[2 + i] - 1) * stride[i] + (k - 1) * dilation[i] + 1);
  // 'same' is said of the output: x times the stride.
  const same = typeof padding === 'string' && padding !== 'valid';
  const wanted = outputSize ?? (same ? full.map((_, i) => x.shape[2 + i] * stride[i]) : undefined);
  let window = windowOf(name, [kh, kw], x.shape.slice(2), same ? { stride, dilation } : attributes);
  if (same) {
    const total = full.map((n, i) => Math.max(0, n + extra[i] - wanted![i]));
    const less = total.map((n) => Math.floor(n / 2)) as [number, number];
    const more = total.map((n) => Math.ceil(n / 2)) as [number, number];
    const [before, after] = padding === 'same' ? [less, more] : [more, less];
    window = { ...window, before, after };
  }
  const out = full.map((n, i) => wanted?.[i] ?? n - window.before[i] - window.after[i] + extra[i]);
  if (out.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new FacegradError('bad-input', `${name}: an output of [${out}] is not possible`, {
      operation: name,
      wanted: 'at least 1x1',
      available: out,
    });
  }
  return { conv: { window, groups }, shape: [x.shape[0], perGroup * groups, ...out] };
}

/** PyTorch's ConvTranspose2d: x [N, C, H, W], weight [C, O / groups, kh, kw], bias [O] or none. */
export const convTranspose2d = defineOperation({
  name: 'conv_transpose2d',
  forward(
    tape: Tape,
    inputs: Inputs,
    attributes: ConvTranspose2dAttributes = {},
  ): Record<'y', Value> {
    const { x, weight, bias } = inputs;
    check('conv_transpose2d', inputs, attributes.groups ?? 1, 0);
    const { conv, shape } = transposed(inputs, attributes);
    const given = { dy: x, weight, bias: bias ?? weight.standIn };
    const { dx } = tape.dispatch(conv2dBackwardInput, given, { ...conv, shape, hasBias: !!bias });
    return { y: dx };
  },
  backward(tape, { inputs, attributes = {}, dy: { y: dy } }) {
    const { x, weight, bias } = inputs;
    const { conv } = transposed(inputs, attributes);
    const result: Partial<Record<keyof Inputs, Value>> = {};
    if (bias && tape.needsGradient(bias)) {
      result.bias = sumOverChannel(tape, dy!, tape.destination(bias));
    }
    if (tape.needsGradient(weight)) {
      const dweight = tape.destination(weight);
      const given = { x: dy!, dy: x, dweight }; // the roles are exchanged
      result.weight = tape.dispatch(conv2dBackwardWeight, given, conv).dweight;
    }
    if (tape.needsGradient(x)) {
      result.x = tape.dispatch(
        conv2dForward,
        { x: dy!, weight, bias: weight, y: tape.destination(x) },
        { ...conv, shape: x.shape },
      ).y;
    }
    return result;
  },
});
