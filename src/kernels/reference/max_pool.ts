type Numbers = ArrayLike<number>;

export interface PoolWindow {
  window: number;
  stride: number;
  padding: number;
}

/** Rows or columns of the output: windows that begin inside the padded input and fit into it. */
export function pooledExtent(extent: number, { window, stride, padding }: PoolWindow): number {
  return Math.floor((extent + 2 * padding - window) / stride) + 1;
}

/** y = maximum of each window; indices = where in the (H, W) plane it was: the first, on a tie; NaN wins, the last one. */
export function maxPoolForward(x: Numbers, shape: readonly number[], pool: PoolWindow) {
  const [H, W] = shape.slice(-2);
  const planes = x.length / (H * W);
  const height = pooledExtent(H, pool);
  const width = pooledExtent(W, pool);
  const y = new Float64Array(planes * height * width);
  const indices = new Uint32Array(y.length);
  let out = 0;
  for (let p = 0; p < planes; p++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++, out++) {
        let empty = true;
        for (let ky = 0; ky < pool.window; ky++) {
          for (let kx = 0; kx < pool.window; kx++) {
            const iy = row * pool.stride - pool.padding + ky;
            const ix = column * pool.stride - pool.padding + kx;
            if (iy < 0 || iy >= H || ix < 0 || ix >= W) continue;
            const value = x[(p * H + iy) * W + ix];
            if (empty || Number.isNaN(value) || value > y[out]) {
              empty = false;
              y[out] = value;
              indices[out] = iy * W + ix;
            }
          }
        }
      }
    }
  }
  return { y, indices };
}

/** dx = sum of dy over the windows whose maximum was here. */
export function maxPoolBackward(
  dy: Numbers,
  indices: Numbers,
  shape: readonly number[],
  outShape: readonly number[],
): Float64Array {
  const plane = shape[shape.length - 2] * shape[shape.length - 1];
  const outPlane = outShape[outShape.length - 2] * outShape[outShape.length - 1];
  const dx = new Float64Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < dy.length; i++) {
    dx[Math.floor(i / outPlane) * plane + indices[i]] += dy[i];
  }
  return dx;
}
