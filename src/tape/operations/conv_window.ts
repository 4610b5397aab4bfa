/** What tuned convolutions see of x and of dy: square windows, and frames, in which each row of windows begins at a whole vec4. */
import { convFrame } from '../../kernels/conv';
import { bordered, f32, layoutOf, size, type Layout } from '../../kernels/kernel';
import { windowsIn, type Window } from '../../kernels/window';
import type { Tape } from '../tape';
import type { Value } from '../value';

/** Kernels to run, where there is a choice. */
export type ConvVariant = 'direct' | 'winograd';

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
  variant?: ConvVariant;
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

/** Rows and columns. */
export type Pixels = readonly [number, number];

/** x and the zeros around it as a frame. */
export function asFrame(x: Value): Value {
  const [G, N, C, H] = x.shape;
  const { border, rowStride } = layoutOf(x.spec);
  return x.view(x.name, f32([G, N, C, H + 2 * border, rowStride]));
}

/** x from `before` rows and columns ahead of its first pixel on, in rows of whole vec4s: itself where it lies so, else a copy. */
export function framed(tape: Tape, x: Value, before: Pixels, rows: number, columns: number): Value {
  const [G, N, C, H] = x.shape;
  const { border, rowStride } = layoutOf(x.spec);
  const lies =
    before.every((count) => count === border) &&
    rowStride % 4 === 0 &&
    columns <= rowStride &&
    rows <= H + 2 * border;
  if (lies) return asFrame(x);
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

/**
 * Where dx at stride S begins in the convolution of dy with S S windows of half the size, each of which gives the
 * rows and columns of one kind: how many rows of dy that are not there come first, and which pixel is dx's first.
 */
export function turnedWindow({ taps, stride, before, extents }: ConvWindow) {
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
