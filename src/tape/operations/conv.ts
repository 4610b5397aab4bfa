import { FacegradError } from '../../gpu/errors';
import {
  convBackwardInputPlain,
  convBackwardWeight,
  convBackwardWeightPlain,
  convBackwardWeightSubgroup,
  convForward,
  convForwardPlain,
  convForwardSubgroup,
  convFrame,
  convPointwise,
  convPointwiseBackwardWeight,
  convPointwiseBackwardWeightSubgroup,
  convPointwiseVec4,
  convFlipWeights,
} from '../../kernels/conv';
import { BUSY_THREADS, BUSY_WORKGROUPS, fit, winogradPays } from '../../kernels/conv_choice';
import { conv5x5ReduceWeight } from '../../kernels/conv5x5';
import { works, type ConvKind } from '../../kernels/fast';
import {
  depthwiseBackwardInput,
  depthwiseBackwardWeight,
  depthwiseForward,
} from '../../kernels/depthwise';
import {
  cpuLanes,
  f32,
  planeStride,
  size,
  subgroupsOf,
  type Kernel,
  type Layout,
} from '../../kernels/kernel';
import { reduceForward } from '../../kernels/reduce';
import type { ConvPass } from '../../kernels/tuning';
import { windowOf, type WindowAttributes } from '../../kernels/window';
import { WINOGRAD_3X3 } from '../../kernels/winograd';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import {
  convFramed,
  convFramedGradient,
  convGradientLayout,
  convWindow,
  framed,
  isTuned,
  turnedWindow,
  type ConvVariant,
  type ConvWindow,
  type Pixels,
} from './conv_window';
import { winogradConvolution, winogradWeightGradient } from './winograd';

/** Attributes of the operation. */
export interface ConvAttributes extends WindowAttributes {
  /** 1, or as many as channels. */
  groups?: number;
  /** Physical layout of y; dense where it is left out. */
  layout?: Layout;
  /** Which kernels run, where there is a choice; the faster ones where it is left out. */
  variant?: ConvVariant;
}

const kindOf = ({ taps, depthwise }: ConvWindow) =>
  depthwise ? 'depthwise' : (`${taps}x${taps}` as ConvKind);

/** Whether the readable kernels are taken: asked for, or the only ones that this adapter gets right. */
export const takesPlain = ({ plain, capabilities }: Tape, window: ConvWindow) =>
  plain || !works(capabilities, `conv ${kindOf(window)} tiled`);

/** Lanes that values go round among, undefined without subgroups. */
function lanesOf({ capabilities }: Tape, window: ConvWindow): 4 | 8 | undefined {
  if (!works(capabilities, `conv ${kindOf(window)} subgroup`)) return undefined;
  if (subgroupsOf(capabilities, 8)) return 8;
  return subgroupsOf(capabilities, 4) ? 4 : undefined;
}

/** Whether a pass over images [G,N,C,...] that makes so many channels goes by Winograd. */
function byWinograd(
  { capabilities, tuning }: Tape,
  pass: ConvPass,
  { taps, stride, depthwise, variant }: ConvWindow,
  [, images, channels]: readonly number[],
  outputs: number,
  map: Pixels,
): boolean {
  if (taps !== 3 || stride !== 1 || depthwise || variant === 'direct') return false;
  if (variant === 'winograd') return true;
  const may = tuning?.kernels !== 'direct' && works(capabilities, 'conv 3x3 winograd');
  const layer = { images, channels, outputs, map };
  return may && winogradPays(capabilities, pass, WINOGRAD_3X3, layer);
}

/** The convolution of a frame with weight [G,C,K,K,O]. */
function convolve(
  tape: Tape,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  window: ConvWindow,
  attributes: { stride: 1 | 2; map: Pixels; phases?: 1 | 2; before?: Pixels },
): Value {
  const lanes = weight.shape[4] % 4 === 0 ? lanesOf(tape, window) : undefined;
  const kernel = lanes ? convForwardSubgroup : convForward;
  const given = { x, weight, bias: bias ?? weight.standIn };
  return tape.dispatch(kernel, given, { ...attributes, hasBias: !!bias, lanes }).y;
}

function multiply(
  tape: Tape,
  x: Value,
  weight: Value,
  bias: Value | undefined,
  map: Pixels,
): Value {
  const kernel = weight.shape[4] % 4 === 0 ? convPointwiseVec4 : convPointwise;
  const given = { x, weight, bias: bias ?? weight.standIn };
  return tape.dispatch(kernel, given, { map, hasBias: !!bias }).y;
}

/** y [G,N,O,OH,OW], dense, by the tuned kernels, of what `convFramed` gives. */
export function convOutput(
  tape: Tape,
  frame: Value,
  weight: Value,
  bias: Value | undefined,
  window: ConvWindow,
): Value {
  const { taps, stride, map, depthwise } = window;
  if (depthwise) {
    const given = { x: frame, weight, bias: bias ?? weight.standIn };
    return tape.dispatch(depthwiseForward, given, { stride, map, hasBias: !!bias }).y;
  }
  if (taps === 1) return multiply(tape, frame, weight, bias, map);
  // Its last step adds no bias: what has one is the last layer, as batch norm has its own.
  if (!bias && byWinograd(tape, 'forward', window, frame.shape, weight.shape[4], map)) {
    return winogradConvolution(tape, WINOGRAD_3X3, frame, weight, map, { flipped: false });
  }
  return convolve(tape, frame, weight, bias, window, { stride, map });
}

/** dx [G,N,C,H,W], dense, by the tuned kernels, of what `convFramedGradient` gives. */
export function convInputGradient(tape: Tape, dy: Value, weight: Value, window: ConvWindow): Value {
  const { taps, stride, before, extents, map, depthwise } = window;
  if (taps === 1) {
    const { flipped } = tape.dispatch(convFlipWeights, { weight }, { stride: 1 });
    const pixels = multiply(tape, dy, flipped, undefined, map);
    if (stride === 1 && before.every((count) => count === 0) && size(map) === size(extents)) {
      return pixels;
    }
    const shape = [...pixels.shape.slice(0, 3), ...extents];
    const back = before.map((count) => -count) as [number, number];
    return tape.dispatch(convFrame, { x: pixels }, { shape, before: back, expand: stride }).y;
  }
  const { ahead, skipped, rows, columns } = turnedWindow(window);
  const frame = framed(tape, dy, ahead, rows, columns);
  if (depthwise && stride === 2) {
    const attributes = { map: extents, before: skipped };
    return tape.dispatch(depthwiseBackwardInput, { dy: frame, weight }, attributes).dx;
  }
  if (depthwise) {
    const given = { x: frame, weight, bias: weight.standIn };
    return tape.dispatch(depthwiseForward, given, { stride, map: extents, flipped: true }).y;
  }
  if (byWinograd(tape, 'backward_input', window, frame.shape, weight.shape[1], extents)) {
    return winogradConvolution(tape, WINOGRAD_3X3, frame, weight, extents, { flipped: true });
  }
  const { flipped } = tape.dispatch(convFlipWeights, { weight }, { stride });
  const phases = { stride: 1, phases: stride, before: skipped } as const;
  return convolve(tape, frame, flipped, undefined, window, { ...phases, map: extents });
}

/** Into how many parts a sum is split, if one part keeps so many workgroups of so many threads busy. */
function partsFor(tape: Tape, workgroups: number, workgroupSize: number, most: number): number {
  const wanted = cpuLanes(tape.capabilities)
    ? BUSY_WORKGROUPS / workgroups
    : BUSY_THREADS / (workgroups * workgroupSize);
  return Math.max(1, Math.min(most, 64, Math.ceil(wanted)));
}

/** dweight [G,C,K,K,O] by the tuned kernels, of what `convFramed` and `convFramedGradient` give. */
export function convWeightGradient(
  tape: Tape,
  x: Value,
  dy: Value,
  window: ConvWindow,
  dweight?: Value,
): Value {
  const { taps, stride, map, depthwise } = window;
  const [G, N, C] = x.shape;
  const lanes = lanesOf(tape, window);
  const sum = <A extends { parts: number }>(
    kernel: Kernel<'x' | 'dy', 'partials', A>,
    attributes: A,
  ) => {
    const single = attributes.parts === 1 ? dweight : undefined;
    const { partials } = tape.dispatch(
      kernel,
      { x, dy, ...(single && { partials: single }) },
      attributes,
    );
    return single ?? tape.dispatch(conv5x5ReduceWeight, { partials, dweight }).dweight;
  };
  const lines = N * map[0];
  if (depthwise) {
    const parts = partsFor(tape, (G * C) / 64, 64, lines);
    return sum(depthwiseBackwardWeight, { stride, parts });
  }
  const blocks = Math.ceil(dy.shape[2] / 8) * G;
  // On a CPU workgroups of about 80 threads are the fastest, as it has few registers for more.
  const most = cpuLanes(tape.capabilities) ? 80 : 128;
  if (taps === 1) {
    const threads = Math.ceil(C / 4);
    const workgroupSize = fit(tape.capabilities, threads, most);
    const workgroups = Math.ceil(threads / workgroupSize) * blocks;
    const parts = partsFor(tape, workgroups, workgroupSize, (N * planeStride(x.shape)) / 4);
    return sum<{ parts: number; workgroupSize: number; lanes?: 4 | 8 }>(
      lanes ? convPointwiseBackwardWeightSubgroup : convPointwiseBackwardWeight,
      { parts, workgroupSize, lanes },
    );
  }
  if (byWinograd(tape, 'backward_weight', window, x.shape, dy.shape[2], map)) {
    return winogradWeightGradient(tape, WINOGRAD_3X3, x, dy, dweight);
  }
  const rows = taps === 3 && lanes === 4 ? 3 : 1;
  const threads = (taps * C) / rows;
  const workgroupSize = fit(tape.capabilities, threads, most);
  const workgroups = Math.ceil(threads / workgroupSize) * blocks;
  const parts = partsFor(tape, workgroups, workgroupSize, N * Math.ceil(map[0] / 2));
  return sum(lanes ? convBackwardWeightSubgroup : convBackwardWeight, {
    taps: taps as 3 | 5,
    stride,
    rows,
    parts,
    workgroupSize,
    lanes,
  });
}

/** dbias [G,O]: the sum of dy [G,N,O,OH,OW], whatever its layout, over everything else. */
function biasGradient(tape: Tape, dy: Value, dbias?: Value): Value {
  const [G, N, O] = dy.shape;
  const x = dy.view(dy.name, f32([G, N, O, planeStride(dy.shape, dy.spec.layout)]));
  const planes = tape.dispatch(reduceForward, { x }, { reduction: 'sum', begin: 3, end: 4 }).y;
  const axes = { reduction: 'sum', begin: 1, end: 2 } as const;
  return tape.dispatch(reduceForward, { x: planes, y: dbias }, axes).y;
}

type Inputs = Record<'x' | 'weight', Value> & { bias?: Value };

/** Depthwise filters [G,C,1,3,3] as the kernels have all weights, the output channel last. */
const outputsLast = (weight: Value, groups: number) => {
  const [G, C, one, rows, columns] = weight.shape;
  return groups === 1 ? weight : weight.reshape([G, C, rows, columns, one]);
};

function windowFor({ x, weight, bias }: Inputs, attributes: ConvAttributes): ConvWindow {
  const { groups = 1 } = attributes;
  const [G, , C, ...extents] = x.shape;
  const [rows, columns, O] =
    groups === 1 ? weight.shape.slice(2) : [...weight.shape.slice(3), weight.shape[2]];
  const window = windowOf('conv', [rows, columns], extents, attributes);
  const outputs = groups === 1 ? O : C;
  const good =
    x.shape.length === 5 &&
    weight.shape.length === 5 &&
    weight.shape[0] === G &&
    weight.shape[1] === C &&
    (groups === 1 || O === 1) &&
    (!bias || (bias.shape[0] === G && bias.shape[1] === outputs)) &&
    isTuned(window, groups, C);
  if (!good) {
    throw new FacegradError(
      'bad-input',
      `conv: x [${x.shape}], weight [${weight.shape}], bias [${bias?.shape ?? ''}], stride ${window.stride}, groups ${groups}`,
      {
        operation: 'conv',
        wanted:
          'x [G,N,C,H,W], weight [G,C,K,K,O] with K 1, 3 or 5, depthwise [G,C,1,3,3], stride 1 or 2',
      },
    );
  }
  return { ...convWindow('conv', window, extents, groups), variant: attributes.variant };
}

/**
 * y [G,N,O,OH,OW] = the convolution of x [G,N,C,H,W] with weight [G,C,K,K,O], or depthwise [G,C,1,3,3] with
 * `groups` C, and bias [G,O] or none.
 */
export const conv = defineOperation({
  name: 'conv',
  layouts: 'reads',
  forward(
    tape: Tape,
    inputs: Inputs,
    attributes: ConvAttributes = {},
  ): Record<'y' | 'frame', Value> {
    const { x, bias } = inputs;
    const { layout, groups = 1 } = attributes;
    const window = windowFor(inputs, attributes);
    const weight = outputsLast(inputs.weight, groups);
    if (takesPlain(tape, window)) {
      const given = { x, weight, bias: bias ?? weight.standIn };
      return tape.dispatch(convForwardPlain, given, {
        ...window,
        layout,
        hasBias: !!bias,
      }) as Record<'y' | 'frame', Value>;
    }
    const frame = convFramed(tape, x, window);
    const dense = convOutput(tape, frame, weight, bias, window);
    const y = layout
      ? tape.dispatch(convFrame, { x: dense }, { shape: dense.shape, layout, before: [0, 0] }).y
      : dense;
    y.gradientLayout = convGradientLayout(window);
    // A view of x is made again when it is needed; a copy is kept.
    return (frame.root === x.root ? { y } : { y, frame }) as Record<'y' | 'frame', Value>;
  },
  backward(tape, { inputs, outputs: { frame }, attributes = {}, dy: { y: dy } }) {
    if (!dy) return {};
    const { x, bias } = inputs;
    const window = windowFor(inputs, attributes);
    const weight = outputsLast(inputs.weight, attributes.groups ?? 1);
    const result: Partial<Record<keyof Inputs, Value>> = {};
    if (bias && tape.needsGradient(bias))
      result.bias = biasGradient(tape, dy, tape.destination(bias));
    const [toWeight, toInput] = [tape.needsGradient(inputs.weight), tape.needsGradient(x)];
    const place = toWeight ? tape.destination(inputs.weight) : undefined;
    const dweight = place && outputsLast(place, attributes.groups ?? 1);
    if (takesPlain(tape, window)) {
      if (toWeight) {
        const made = tape.dispatch(convBackwardWeightPlain, { x, dy, dweight }, window).dweight;
        result.weight = place ?? made.reshape(inputs.weight.shape);
      }
      if (toInput) {
        const plain = { ...window, map: window.extents };
        result.x = tape.dispatch(convBackwardInputPlain, { dy, weight }, plain).dx;
      }
      return result;
    }
    const gradient = convFramedGradient(tape, dy, window);
    if (toWeight) {
      const read = frame ?? convFramed(tape, x, window);
      const made = convWeightGradient(tape, read, gradient, window, dweight);
      result.weight = place ?? made.reshape(inputs.weight.shape);
    }
    if (toInput) result.x = convInputGradient(tape, gradient, weight, window);
    return result;
  },
});
