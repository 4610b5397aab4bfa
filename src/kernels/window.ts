import { FacegradError } from '../gpu/errors';

/** One number for both axes, or one for rows and one for columns. */
export type Pair = number | readonly [number, number];

/**
 * Zeros around an image: on all sides; above and below, and left and right; or top, left, bottom, right (negative
 * crops). 'same': as many as make ceil(extent / stride) outputs, an odd one at the end; 'same-lower': at the beginning.
 */
export type Padding =
  | number
  | readonly [number, number]
  | readonly [number, number, number, number]
  | 'valid'
  | 'same'
  | 'same-lower';

/** How a window moves over an image. */
export interface WindowAttributes {
  stride?: Pair;
  padding?: Padding;
  dilation?: Pair;
}

/** The same with everything said, along rows and columns. */
export interface Window {
  kernel: readonly [number, number];
  stride: readonly [number, number];
  dilation: readonly [number, number];
  /** Zeros before and after the image. */
  before: readonly [number, number];
  after: readonly [number, number];
}

export const pair = (value: Pair): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** @throws FacegradError `bad-input` where a number is none that a window can have. */
export function windowOf(
  name: string,
  kernel: readonly [number, number],
  [height, width]: readonly number[],
  { stride = 1, padding = 0, dilation = 1 }: WindowAttributes,
): Window {
  const strides = pair(stride);
  const dilations = pair(dilation);
  const refuse = (what: string, value: unknown): never => {
    throw new FacegradError('bad-input', `${name}: ${what} cannot be ${JSON.stringify(value)}`, {
      operation: name,
      available: value,
    });
  };
  const positive = (n: number) => Number.isInteger(n) && n > 0;
  if (!kernel.every(positive)) refuse('a window', kernel);
  if (strides.length !== 2 || !strides.every(positive)) refuse('stride', stride);
  if (dilations.length !== 2 || !dilations.every(positive)) refuse('dilation', dilation);
  const common = { kernel, stride: strides, dilation: dilations };
  if (padding === 'same' || padding === 'same-lower') {
    const total = [height, width].map((extent, axis) =>
      Math.max(
        0,
        (Math.ceil(extent / strides[axis]) - 1) * strides[axis] +
          (kernel[axis] - 1) * dilations[axis] +
          1 -
          extent,
      ),
    );
    const less = total.map((n) => Math.floor(n / 2)) as [number, number];
    const more = total.map((n) => Math.ceil(n / 2)) as [number, number];
    return padding === 'same'
      ? { ...common, before: less, after: more }
      : { ...common, before: more, after: less };
  }
  const sides = padding === 'valid' ? [0, 0] : typeof padding === 'number' ? [padding] : padding;
  if (
    !Array.isArray(sides) ||
    ![1, 2, 4].includes(sides.length) ||
    !sides.every(Number.isInteger)
  ) {
    refuse('padding', padding);
  }
  const [top, left = top, bottom = top, right = left] = sides;
  return { ...common, before: [top, left], after: [bottom, right] };
}

/** Rows and columns of windows that fit; with `ceil` also the last ones that begin inside (PyTorch's ceil_mode). */
export function windowsIn(
  name: string,
  extents: readonly number[],
  { kernel, stride, dilation, before, after }: Window,
  ceil = false,
): [number, number] {
  const counts = extents.map((extent, axis) => {
    const padded = extent + before[axis] + after[axis];
    const steps = (padded - (kernel[axis] - 1) * dilation[axis] - 1) / stride[axis];
    const count = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    return ceil && (count - 1) * stride[axis] >= extent + before[axis] ? count - 1 : count;
  });
  if (counts.some((count) => count < 1)) {
    throw new FacegradError(
      'bad-input',
      `${name}: a window of ${kernel} (dilation ${dilation}) does not fit in [${extents}] padded by ${before} and ${after}`,
      { operation: name, wanted: kernel, available: extents },
    );
  }
  return [counts[0], counts[1]];
}
