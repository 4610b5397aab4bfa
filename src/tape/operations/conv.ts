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
import { BUSY_THREADS, BUSY_WORKGROUPS, fit } from '../../kernels/conv_choice';
import { conv5x5ReduceWeight } from '../../kernels/conv5x5';
import { works, type ConvKind } from '../../kernels/fast';
import {
  depthwiseBackwardInput,
  depthwiseBackwardWeight,
  depthwiseForward,
} from '../../kernels/depthwise';
import {
  bordered,
  cpuLanes,
  f32,
  layoutOf,
  planeStride,
  size,
  subgroupsOf,
  type Kernel,
  type Layout,
} from '../../kernels/kernel';
import { reduceForward } from '../../kernels/reduce';
import { windowOf, windowsIn, type Window, type WindowAttributes } from '../../kernels/window';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** Attributes of the operation. */
export interface ConvAttributes extends WindowAttributes {
  /** 1, or as many as channels. */
  groups?: number;
  /** Physical layout of y; dense where it is left out. */
  layout?: Layout;
}

/** Whether there are tuned kernels: 1x1, 3x3 and 5x5 at stride 1 and 2; depthwise 3x3. */
export function isTuned(
  { kernel, stride, dilation }: Pick<Window, 'kernel' | 'stride' | 'dilation'>,
  groups: number,
  channels = groups,
  outputs = channels,
): boolean {
  const [size, , ...rest] = [...kernel, ...stride];
  const square = kernel[0] === kernel[1] && stride[0] === stride[1];
  const plain = dilation.every((d) => d === 1) && rest.every((s) => s === 1 || s === 2);
  const sizes = groups === 1 ? [1, 3, 5] : groups === channels && groups === outputs ? [3] : [];
  return square && plain && sizes.includes(size);
}

/** A square window on its way over x, which the kernels below know by these numbers. */
export interface ConvWindow {
  taps: number;
  stride: 1 | 2;
  /** Zeros above and left of x. */
  before: readonly [number, number];
  /** Rows and columns of x, and of y. */
  extents: readonly [number, number];
  map: readonly [number, number];
  depthwise: boolean;
}

/** @param window one of those that `isTuned` has */
export function convWindow(
  name: string,
  window: Window,
  extents: readonly number[],
  groups: number,
): ConvWindow {
  return {
    taps: window.kernel[0],
    stride: window.stride[0] as 1 | 2,
    before: window.before,
    extents: [extents[0], extents[1]],
    map: windowsIn(name, extents, window),
    depthwise: groups > 1,
  };
}

type Pixels = readonly [number, number];

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

/** x from `before` rows and columns ahead of its first pixel on, in rows of whole vec4s: itself where it lies so, else a copy. */
function framed(tape: Tape, x: Value, before: Pixels, rows: number, columns: number): Value {
  const [G, N, C, H] = x.shape;
  const { border, rowStride } = layoutOf(x.spec);
  const lies =
    before.every((count) => count === border) &&
    rowStride % 4 === 0 &&
    columns <= rowStride &&
    rows <= H + 2 * border;
  if (lies) return x.view(x.name, f32([G, N, C, H + 2 * border, rowStride]));
  const shape = [G, N, C, rows, Math.ceil(columns / 4) * 4];
  return tape.dispatch(convFrame, { x }, { shape, before }).y;
}

/** The pixels that a 1x1 window sees, in one row of whole vec4s for each plane. */
function flat(tape: Tape, x: Value, before: Pixels, stride: number, map: Pixels): Value {
  const [G, N, C, H, W] = x.shape;
  const lies =
    !x.spec.layout && H === map[0] && W === map[1] && before.every((count) => count === 0);
  const shape = [G, N, C, ...map];
  const dense = lies ? x : tape.dispatch(convFrame, { x }, { shape, before, stride }).y;
  const pixels = size(map);
  const row = dense.reshape([G, N, C, 1, pixels]);
  if (pixels % 4 === 0) return row;
  const whole = { shape: [G, N, C, 1, Math.ceil(pixels / 4) * 4], before: [0, 0] as const };
  return tape.dispatch(convFrame, { x: row }, whole).y;
}

/** Rows and columns that windows see, zeros around x included. */
const framedExtents = ({ taps, stride, map }: ConvWindow) =>
  map.map((extent) => (extent - 1) * stride + taps);

/** What the forward kernels read of x; kept, the weight gradient reads it again. */
export function convFramed(tape: Tape, x: Value, window: ConvWindow): Value {
  const { taps, stride, before, map } = window;
  if (taps === 1) return flat(tape, x, before, stride, map);
  const [rows, columns] = framedExtents(window);
  return framed(tape, x, before, rows, columns);
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
  return convolve(tape, frame, weight, bias, window, { stride, map });
}

/**
 * Where dx at stride S begins in the convolution of dy with S S windows of half the size, each of which gives the
 * rows and columns of one kind: how many rows of dy that are not there come first, and which pixel is dx's first.
 */
function turnedWindow({ taps, stride, before, extents }: ConvWindow) {
  const reach = Math.ceil(taps / stride) - 1;
  const first = before.map((count) => Math.floor(count / stride));
  const skipped = before.map((count, i) => count - stride * first[i]);
  const [rows, columns] = extents.map(
    (extent, i) => Math.ceil((extent + skipped[i]) / stride) + reach,
  );
  const ahead = first.map((count) => reach - count);
  return {
    ahead: [ahead[0], ahead[1]] as Pixels,
    skipped: [skipped[0], skipped[1]] as Pixels,
    rows,
    columns,
  };
}

/** The layout in which the kernels read x without a copy, if there is one. */
export function convInputLayout(window: ConvWindow): Layout | undefined {
  const { taps, before, extents } = window;
  const [border, left] = before;
  if (taps === 1 || border !== left || border < 0) return undefined;
  const layout = bordered(extents[1], border);
  const [rows, columns] = framedExtents(window);
  return rows <= extents[0] + 2 * border && columns <= layout.rowStride ? layout : undefined;
}

/** The layout of dy that the gradient kernels read without a copy. */
export function convGradientLayout(window: ConvWindow): Layout {
  const [top, left] = window.taps === 1 ? [0, 0] : turnedWindow(window).ahead;
  const border = top === left && top >= 0 && top <= 3 ? top : 0;
  return bordered(window.map[1], border);
}

/** dy as the gradient kernels read it. */
export function convFramedGradient(tape: Tape, dy: Value, window: ConvWindow): Value {
  if (window.taps === 1) return flat(tape, dy, [0, 0], 1, window.map);
  const { border, rowStride } = layoutOf(dy.spec);
  if (border <= 3 && rowStride % 4 === 0 && Math.ceil(window.map[1] / 4) * 4 <= rowStride)
    return dy;
  const layout = convGradientLayout(window);
  return tape.dispatch(convFrame, { x: dy }, { shape: dy.shape, layout, before: [0, 0] }).y;
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
  return convWindow('conv', window, extents, groups);
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
