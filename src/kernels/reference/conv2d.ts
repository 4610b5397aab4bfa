type Numbers = ArrayLike<number>;
type Shape = readonly number[];
type Pair = readonly [number, number];

export interface Convolution {
  window: { kernel: Pair; stride: Pair; dilation: Pair; before: Pair };
  groups: number;
}

/** Calls `visit` with the element of x, weight and y for every product of the convolution. */
function products(
  xShape: Shape,
  yShape: Shape,
  { window: { kernel, stride, dilation, before }, groups }: Convolution,
  visit: (x: number, weight: number, y: number) => void,
): void {
  const [N, C, H, W] = xShape;
  const [, O, OH, OW] = yShape;
  const inGroup = C / groups;
  const [kh, kw] = kernel;
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      const group = Math.floor(o / (O / groups));
      for (let oy = 0; oy < OH; oy++) {
        for (let ox = 0; ox < OW; ox++) {
          for (let c = 0; c < inGroup; c++) {
            for (let i = 0; i < kh; i++) {
              for (let j = 0; j < kw; j++) {
                const iy = oy * stride[0] + i * dilation[0] - before[0];
                const ix = ox * stride[1] + j * dilation[1] - before[1];
                if (iy < 0 || iy >= H || ix < 0 || ix >= W) continue;
                visit(
                  ((n * C + group * inGroup + c) * H + iy) * W + ix,
                  ((o * inGroup + c) * kh + i) * kw + j,
                  ((n * O + o) * OH + oy) * OW + ox,
                );
              }
            }
          }
        }
      }
    }
  }
}

const size = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** y [N, O, OH, OW] of x [N, C, H, W], weight [O, C / groups, kh, kw] and bias [O]. */
export function conv2dForward(
  x: Numbers,
  xShape: Shape,
  weight: Numbers,
  bias: Numbers | undefined,
  yShape: Shape,
  convolution: Convolution,
): Float64Array {
  const [, O, OH, OW] = yShape;
  const y = Float64Array.from({ length: size(yShape) }, (_, at) =>
    bias ? bias[Math.floor(at / (OH * OW)) % O] : 0,
  );
  products(xShape, yShape, convolution, (ix, iw, iy) => (y[iy] += x[ix] * weight[iw]));
  return y;
}

/** dx, or PyTorch's ConvTranspose2d of dy where there is a bias [C]. */
export function conv2dBackwardInput(
  dy: Numbers,
  yShape: Shape,
  weight: Numbers,
  bias: Numbers | undefined,
  xShape: Shape,
  convolution: Convolution,
): Float64Array {
  const [, C, H, W] = xShape;
  const dx = Float64Array.from({ length: size(xShape) }, (_, at) =>
    bias ? bias[Math.floor(at / (H * W)) % C] : 0,
  );
  products(xShape, yShape, convolution, (ix, iw, iy) => (dx[ix] += dy[iy] * weight[iw]));
  return dx;
}

/** dweight [O, C / groups, kh, kw]. */
export function conv2dBackwardWeight(
  x: Numbers,
  xShape: Shape,
  dy: Numbers,
  yShape: Shape,
  convolution: Convolution,
): Float64Array {
  const { kernel } = convolution.window;
  const dweight = new Float64Array(
    (yShape[1] * xShape[1] * kernel[0] * kernel[1]) / convolution.groups,
  );
  products(xShape, yShape, convolution, (ix, iw, iy) => (dweight[iw] += x[ix] * dy[iy]));
  return dweight;
}

/** dbias [O]: dy summed over images and pixels. */
export function conv2dBackwardBias(dy: Numbers, [, O, OH, OW]: Shape): Float64Array {
  const dbias = new Float64Array(O);
  for (let at = 0; at < dy.length; at++) dbias[Math.floor(at / (OH * OW)) % O] += dy[at];
  return dbias;
}
