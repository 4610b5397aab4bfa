type Numbers = ArrayLike<number>;
type Shape = readonly number[];
type Pair = readonly [number, number];

export interface Pool {
  window: { kernel: Pair; stride: Pair; dilation: Pair; before: Pair; after: Pair };
  /** Of the result. */
  shape: Shape;
}

export interface AvgPool extends Pool {
  includePad: boolean;
  divisor: number;
}

const size = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** For each element of y the places of its window in x, plane and all, and how many elements the padded window has. */
function windows(x: Shape, { window, shape }: Pool) {
  const { kernel, stride, dilation, before, after } = window;
  const [H, W] = x.slice(-2);
  const [OH, OW] = shape.slice(-2);
  return Array.from({ length: size(shape) }, (_, at) => {
    const origin = [Math.floor(at / OW) % OH, at % OW].map((o, i) => o * stride[i] - before[i]);
    const plane = Math.floor(at / (OH * OW)) * H * W;
    const places: number[] = [];
    let padded = 0;
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        const [iy, ix] = [origin[0] + i * dilation[0], origin[1] + j * dilation[1]];
        if (iy < H + after[0] && ix < W + after[1]) padded++;
        if (iy >= 0 && iy < H && ix >= 0 && ix < W) places.push(plane + iy * W + ix);
      }
    }
    return { places, padded };
  });
}

/** NaN wins, the last one; else the first of the largest. */
export function maxPool2dForward(x: Numbers, xShape: Shape, pool: Pool) {
  const plane = size(xShape.slice(-2));
  const found = windows(xShape, pool).map(({ places }) => {
    let best = places[0];
    for (const place of places) {
      if (Number.isNaN(x[place]) || x[place] > x[best]) best = place;
    }
    return best;
  });
  return {
    y: Float64Array.from(found, (place) => (place === undefined ? -Infinity : x[place])),
    indices: Uint32Array.from(found, (place) => (place === undefined ? 0xffffffff : place % plane)),
  };
}

export function maxPool2dBackward(
  indices: Numbers,
  dy: Numbers,
  xShape: Shape,
  yShape: Shape,
): Float64Array {
  const dx = new Float64Array(size(xShape));
  const [plane, yPlane] = [size(xShape.slice(-2)), size(yShape.slice(-2))];
  for (let i = 0; i < dy.length; i++) {
    if (indices[i] < plane) dx[Math.floor(i / yPlane) * plane + indices[i]] += dy[i];
  }
  return dx;
}

const divisorOf = ({ places, padded }: { places: number[]; padded: number }, pool: AvgPool) =>
  pool.divisor || Math.max(1, pool.includePad ? padded : places.length);

export function avgPool2dForward(x: Numbers, xShape: Shape, pool: AvgPool): Float64Array {
  return Float64Array.from(
    windows(xShape, pool),
    (window) => window.places.reduce((sum, place) => sum + x[place], 0) / divisorOf(window, pool),
  );
}

export function avgPool2dBackward(dy: Numbers, xShape: Shape, pool: AvgPool): Float64Array {
  const dx = new Float64Array(size(xShape));
  windows(xShape, pool).forEach((window, i) => {
    for (const place of window.places) dx[place] += dy[i] / divisorOf(window, pool);
  });
  return dx;
}

/** (sum |x|^p)^(1/p) of every window. */
export function lpPool2d(x: Numbers, xShape: Shape, pool: Pool, p: number): Float64Array {
  return Float64Array.from(
    windows(xShape, pool),
    ({ places }) => places.reduce((sum, place) => sum + Math.abs(x[place]) ** p, 0) ** (1 / p),
  );
}

/** dx = sum over the windows of dy sign(x) (|x| / y)^(p-1); 0 where y is 0. */
export function lpPool2dBackward(
  x: Numbers,
  dy: Numbers,
  xShape: Shape,
  pool: Pool,
  p: number,
): Float64Array {
  const dx = new Float64Array(size(xShape));
  const y = lpPool2d(x, xShape, pool, p);
  windows(xShape, pool).forEach(({ places }, i) => {
    for (const place of places) {
      if (y[i] === 0) continue;
      dx[place] += dy[i] * Math.sign(x[place]) * (Math.abs(x[place]) / y[i]) ** (p - 1);
    }
  });
  return dx;
}
