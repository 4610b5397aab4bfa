/** Windows' bitmaps without compression, which sharp does not read: of 1 to 32 bits, with a palette or masks. */
import { FacegradError } from '../gpu/errors';
import { pictureHeader, type Picture } from './picture_header';

const RGB = 0;
const BIT_FIELDS = 3;
const ALPHA_BIT_FIELDS = 6;
/** Of 16 bits without masks: five each. */
const FIVE_BITS = [0x7c00, 0x03e0, 0x001f, 0];
const EIGHT_BITS = [0xff0000, 0xff00, 0xff, 0];

/** Throws `bad-input`, naming `file`, if it is compressed or cut short. */
export function decodeBmp(bytes: Uint8Array, file: string): Picture {
  const { width, height } = pictureHeader(bytes, file);
  const fail = (what: string): never => {
    throw new FacegradError('bad-input', `${file}: ${what}`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 26) fail('the bmp is truncated');
  const begin = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const old = headerSize === 12;
  if (!old && bytes.length < 54) fail('the bmp is truncated');
  const depth = view.getUint16(old ? 24 : 28, true);
  const packing = old ? RGB : view.getUint32(30, true);
  if (![RGB, BIT_FIELDS, ALPHA_BIT_FIELDS].includes(packing))
    fail('compressed BMP is not supported');
  if (![1, 4, 8, 16, 24, 32].includes(depth))
    fail(`BMP with ${depth} bits a pixel is not supported`);
  const stride = Math.ceil((width * depth) / 32) * 4;
  if (begin + stride * height > bytes.length) fail('the bmp is truncated');

  const entry = old ? 3 : 4;
  const color = (index: number): [number, number, number] => {
    const at = 14 + headerSize + entry * index;
    return at + 3 <= begin ? [bytes[at + 2], bytes[at + 1], bytes[at]] : [0, 0, 0];
  };
  const masks = depth === 16 ? FIVE_BITS.slice() : EIGHT_BITS.slice();
  if (packing !== RGB) {
    const hasAlpha = packing === ALPHA_BIT_FIELDS || headerSize >= 56;
    for (let c = 0; c < (hasAlpha ? 4 : 3); c++) masks[c] = view.getUint32(54 + 4 * c, true);
  }
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    const most = mask >>> shift;
    return (value: number) => (most ? Math.round((((value & mask) >>> shift) * 255) / most) : 0);
  });

  const data = new Uint8Array(width * height * 4);
  const downwards = !old && view.getInt32(22, true) < 0;
  let transparent = masks[3] !== 0;
  for (let y = 0; y < height; y++) {
    const row = begin + stride * (downwards ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const to = 4 * (y * width + x);
      if (depth <= 8) {
        const bit = x * depth;
        const byte = bytes[row + (bit >> 3)];
        data.set(color((byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1)), to);
      } else {
        const at = row + (x * depth) / 8;
        const value =
          depth === 16
            ? view.getUint16(at, true)
            : bytes[at] |
              (bytes[at + 1] << 8) |
              (bytes[at + 2] << 16) |
              ((depth === 32 ? bytes[at + 3] : 0) << 24);
        for (let c = 0; c < 4; c++) data[to + c] = channels[c](value);
        if (data[to + 3] !== 0) transparent = false;
      }
    }
  }
  // No alpha, or an alpha that nothing was written to.
  if (masks[3] === 0 || transparent) for (let i = 3; i < data.length; i += 4) data[i] = 255;
  return { width, height, data };
}
