/** Images of one size, [images, height, width]. */
interface Images {
  data: ArrayLike<number>;
  images: number;
  width: number;
  height: number;
}

/**
 * Cuts boxes (x0, y0, x1, y1 in source pixels) out and resizes them bilinearly with half-pixel
 * centres. Boxes and positions are rounded to 1/1024 pixel as in the kernel: equal bit for bit.
 */
export function resizeCrop(
  { data, images, width: sourceWidth, height: sourceHeight }: Images,
  boxes: ArrayLike<number>,
  width: number,
  height: number,
): Float64Array {
  const count = boxes.length / 4;
  const y = new Float64Array(count * width * height);
  const position = (i: number, of: number, low: number, high: number) => {
    const first = Math.floor(low * 1024 + 0.5);
    const extent = Math.max(Math.floor(high * 1024 + 0.5) - first, 0);
    return first + Math.floor(((2 * i + 1) * extent) / (2 * of)) - 512;
  };
  for (let n = 0; n < count; n++) {
    const image = Math.min(n, images - 1);
    const pixel = (px: number, py: number) => {
      const column = Math.min(Math.max(px, 0), sourceWidth - 1);
      const row = Math.min(Math.max(py, 0), sourceHeight - 1);
      return data[(image * sourceHeight + row) * sourceWidth + column];
    };
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const sx = position(column, width, boxes[4 * n], boxes[4 * n + 2]) / 1024;
        const sy = position(row, height, boxes[4 * n + 1], boxes[4 * n + 3]) / 1024;
        const x0 = Math.floor(sx);
        const y0 = Math.floor(sy);
        const [wx, wy] = [sx - x0, sy - y0];
        const upper = pixel(x0, y0) * (1 - wx) + pixel(x0 + 1, y0) * wx;
        const lower = pixel(x0, y0 + 1) * (1 - wx) + pixel(x0 + 1, y0 + 1) * wx;
        y[(n * height + row) * width + column] = Math.floor(upper * (1 - wy) + lower * wy + 0.5);
      }
    }
  }
  return y;
}

/** Whole images: the box is the picture. */
export function resizeForward(source: Images, width: number, height: number): Float64Array {
  const boxes = Array.from({ length: source.images }, () => [0, 0, source.width, source.height]);
  return resizeCrop(source, boxes.flat(), width, height);
}
