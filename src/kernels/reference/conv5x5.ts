/** Extents of a 5x5 convolution: x [G,N,C,H,W], weight [G,C,5,5,O], y [G,N,O,H,W]. */
export interface Conv5x5Shape {
  G: number;
  N: number;
  C: number;
  O: number;
  H: number;
  W: number;
}

/** Calls `visit` with the offsets of y, x and weight for every product of the convolution. */
function forEachProduct(
  { G, N, C, O, H, W }: Conv5x5Shape,
  visit: (y: number, x: number, weight: number) => void,
): void {
  for (let g = 0; g < G; g++) {
    for (let n = 0; n < N; n++) {
      for (let o = 0; o < O; o++) {
        for (let i = 0; i < H; i++) {
          for (let j = 0; j < W; j++) {
            for (let c = 0; c < C; c++) {
              for (let ky = 0; ky < 5; ky++) {
                for (let kx = 0; kx < 5; kx++) {
                  const row = i + ky - 2;
                  const column = j + kx - 2;
                  if (row < 0 || row >= H || column < 0 || column >= W) continue;
                  visit(
                    (((g * N + n) * O + o) * H + i) * W + j,
                    (((g * N + n) * C + c) * H + row) * W + column,
                    (((g * C + c) * 5 + ky) * 5 + kx) * O + o,
                  );
                }
              }
            }
          }
        }
      }
    }
  }
}

/** y[g,n,o,i,j] = sum over c, ky, kx of x[g,n,c,i+ky-2,j+kx-2] weight[g,c,ky,kx,o]; zeros outside. */
export function conv5x5Forward(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: Conv5x5Shape,
): Float64Array {
  const y = new Float64Array(shape.G * shape.N * shape.O * shape.H * shape.W);
  forEachProduct(shape, (at, from, tap) => {
    y[at] += x[from] * weight[tap];
  });
  return y;
}

/** dx: every product's dy, back to its x. */
export function conv5x5BackwardInput(
  dy: ArrayLike<number>,
  weight: ArrayLike<number>,
  shape: Conv5x5Shape,
): Float64Array {
  const dx = new Float64Array(shape.G * shape.N * shape.C * shape.H * shape.W);
  forEachProduct(shape, (at, from, tap) => {
    dx[from] += dy[at] * weight[tap];
  });
  return dx;
}

/** dweight: every product's dy, back to its weight. */
export function conv5x5BackwardWeight(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: Conv5x5Shape,
): Float64Array {
  const dweight = new Float64Array(shape.G * shape.C * 25 * shape.O);
  forEachProduct(shape, (at, from, tap) => {
    dweight[tap] += dy[at] * x[from];
  });
  return dweight;
}
