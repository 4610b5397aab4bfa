type Numbers = ArrayLike<number>;
type Shape = readonly number[];

/** A square window, for networks g: x [G,N,C,H,W], weight [G,C,K,K,O] or depthwise [G,C,K,K,1], y [G,N,O,OH,OW]. */
export interface Convolution {
  taps: number;
  stride: number;
  /** Zeros above and left of x; negative where it is cropped. */
  before: readonly [number, number];
  depthwise?: boolean;
}

/** Calls `visit` with the element of x, weight and y for every product of the convolution. */
function products(
  xShape: Shape,
  yShape: Shape,
  { taps, stride, before, depthwise }: Convolution,
  visit: (x: number, weight: number, y: number) => void,
): void {
  const [G, N, C, H, W] = xShape;
  const [, , O, OH, OW] = yShape;
  const outputs = depthwise ? 1 : O;
  for (let n = 0; n < G * N; n++) {
    const g = Math.floor(n / N);
    for (let c = 0; c < C; c++) {
      for (let k = 0; k < outputs; k++) {
        const o = depthwise ? c : k;
        for (let oy = 0; oy < OH; oy++) {
          for (let ox = 0; ox < OW; ox++) {
            for (let tap = 0; tap < taps * taps; tap++) {
              const i = oy * stride + Math.floor(tap / taps) - before[0];
              const j = ox * stride + (tap % taps) - before[1];
              if (i < 0 || i >= H || j < 0 || j >= W) continue;
              visit(
                ((n * C + c) * H + i) * W + j,
                ((g * C + c) * taps * taps + tap) * outputs + k,
                ((n * O + o) * OH + oy) * OW + ox,
              );
            }
          }
        }
      }
    }
  }
}

const size = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

export function convForward(
  x: Numbers,
  xShape: Shape,
  weight: Numbers,
  bias: Numbers | undefined,
  yShape: Shape,
  convolution: Convolution,
): Float64Array {
  const [, N, O, OH, OW] = yShape;
  const y = Float64Array.from({ length: size(yShape) }, (_, at) => {
    const channel = Math.floor(at / (OH * OW)) % O;
    const g = Math.floor(at / (N * O * OH * OW));
    return bias ? bias[g * O + channel] : 0;
  });
  products(xShape, yShape, convolution, (i, w, o) => (y[o] += x[i] * weight[w]));
  return y;
}

export function convBackwardInput(
  dy: Numbers,
  yShape: Shape,
  weight: Numbers,
  xShape: Shape,
  convolution: Convolution,
): Float64Array {
  const dx = new Float64Array(size(xShape));
  products(xShape, yShape, convolution, (i, w, o) => (dx[i] += dy[o] * weight[w]));
  return dx;
}

/** @param counts which rows of dy are summed over, by image and row; all by default */
export function convBackwardWeight(
  x: Numbers,
  xShape: Shape,
  dy: Numbers,
  yShape: Shape,
  convolution: Convolution,
  counts: (image: number, row: number) => boolean = () => true,
): Float64Array {
  const { taps, depthwise } = convolution;
  const [G, N, C] = xShape;
  const [, , O, OH, OW] = yShape;
  const dweight = new Float64Array(G * C * taps * taps * (depthwise ? 1 : O));
  products(xShape, yShape, convolution, (i, w, o) => {
    const image = Math.floor(o / (O * OH * OW)) % N;
    if (counts(image, Math.floor(o / OW) % OH)) dweight[w] += x[i] * dy[o];
  });
  return dweight;
}

/** dbias [G,O]: the sum of dy over everything else. */
export function convBackwardBias(dy: Numbers, [G, N, O, OH, OW]: Shape): Float64Array {
  const dbias = new Float64Array(G * O);
  for (let at = 0; at < size([G, N, O, OH, OW]); at++) {
    const plane = Math.floor(at / (OH * OW));
    dbias[Math.floor(plane / (N * O)) * O + (plane % O)] += dy[at];
  }
  return dbias;
}
