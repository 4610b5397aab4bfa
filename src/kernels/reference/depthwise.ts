type Numbers = ArrayLike<number>;
type Shape = readonly number[];

/** A 3x3 window over every channel by itself: x [G,N,C,H,W], weight [G,C,3,3,1], y [G,N,C,OH,OW]. */
export interface DepthwiseConvolution {
  stride: number;
  /** Zeros above and left of x. */
  before: readonly [number, number];
}

/** Calls `visit` with the element of x, weight and y for every product of the convolution. */
function products(
  [G, N, C, H, W]: Shape,
  [, , , OH, OW]: Shape,
  { stride, before }: DepthwiseConvolution,
  visit: (x: number, weight: number, y: number) => void,
): void {
  for (let plane = 0; plane < G * N * C; plane++) {
    const filter = Math.floor(plane / (N * C)) * C + (plane % C);
    for (let oy = 0; oy < OH; oy++) {
      for (let ox = 0; ox < OW; ox++) {
        for (let tap = 0; tap < 9; tap++) {
          const i = oy * stride + Math.floor(tap / 3) - before[0];
          const j = ox * stride + (tap % 3) - before[1];
          if (i < 0 || i >= H || j < 0 || j >= W) continue;
          visit((plane * H + i) * W + j, filter * 9 + tap, (plane * OH + oy) * OW + ox);
        }
      }
    }
  }
}

const size = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

export function depthwiseForward(
  x: Numbers,
  xShape: Shape,
  weight: Numbers,
  bias: Numbers | undefined,
  yShape: Shape,
  convolution: DepthwiseConvolution,
): Float64Array {
  const [, N, C, OH, OW] = yShape;
  const y = Float64Array.from({ length: size(yShape) }, (_, at) => {
    const plane = Math.floor(at / (OH * OW));
    return bias ? bias[Math.floor(plane / (N * C)) * C + (plane % C)] : 0;
  });
  products(xShape, yShape, convolution, (i, w, o) => (y[o] += x[i] * weight[w]));
  return y;
}

export function depthwiseBackwardInput(
  dy: Numbers,
  yShape: Shape,
  weight: Numbers,
  xShape: Shape,
  convolution: DepthwiseConvolution,
): Float64Array {
  const dx = new Float64Array(size(xShape));
  products(xShape, yShape, convolution, (i, w, o) => (dx[i] += dy[o] * weight[w]));
  return dx;
}

export function depthwiseBackwardWeight(
  x: Numbers,
  xShape: Shape,
  dy: Numbers,
  yShape: Shape,
  convolution: DepthwiseConvolution,
): Float64Array {
  const dweight = new Float64Array(xShape[0] * xShape[2] * 9);
  products(xShape, yShape, convolution, (i, w, o) => (dweight[w] += x[i] * dy[o]));
  return dweight;
}
