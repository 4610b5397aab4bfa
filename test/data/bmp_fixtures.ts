type Pixel = (x: number, y: number) => number[];
const ramp: Pixel = (x, y) => [20 * x, 30 * y, 255 - 10 * (x + y)];

/** Five bits are kept of eight. */
export const fiveBits = (value: number) => Math.round(((value >> 3) * 255) / 31);

/**
 * A bitmap of Windows, uncompressed. Up to 8 bits its palette is grey, in even steps, and a pixel is red's place
 * in it. `fields`: with masks for red, green, blue and alpha in place of the usual order.
 */
export function bmpOf(
  depth: number,
  width = 12,
  height = 8,
  pixel: Pixel = ramp,
  { downwards = false, fields = false } = {},
): Uint8Array<ArrayBuffer> {
  const colors = depth <= 8 ? 2 ** depth : 0;
  const headerSize = fields ? 56 : 40;
  const begin = 14 + headerSize + 4 * colors;
  const stride = Math.ceil((width * depth) / 32) * 4;
  const bytes = new Uint8Array(begin + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, begin, true);
  view.setUint32(14, headerSize, true);
  view.setInt32(18, width, true);
  view.setInt32(22, downwards ? -height : height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, depth, true);
  view.setUint32(30, fields ? 3 : 0, true);
  if (fields)
    [0xff, 0xff00, 0xff0000, 0xff000000].forEach((m, c) => view.setUint32(54 + 4 * c, m, true));
  for (let c = 0; c < colors; c++) {
    const grey = Math.round((255 * c) / (colors - 1));
    bytes.set([grey, grey, grey, 0], 14 + headerSize + 4 * c);
  }
  for (let y = 0; y < height; y++) {
    const row = begin + stride * (downwards ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const [r, g, b, a = 0] = pixel(x, y);
      if (depth <= 8) {
        const bit = x * depth;
        const place = Math.round((r / 255) * (colors - 1));
        bytes[row + (bit >> 3)] |= place << (8 - depth - (bit & 7));
      } else if (depth === 16) {
        view.setUint16(row + 2 * x, ((r >> 3) << 10) | ((g >> 3) << 5) | (b >> 3), true);
      } else {
        const order = fields ? [r, g, b, a] : [b, g, r, 0];
        bytes.set(order.slice(0, depth / 8), row + (x * depth) / 8);
      }
    }
  }
  return bytes;
}
