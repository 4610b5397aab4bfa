/** Pictures of faces as the networks read them: one size, square, grey, bytes. */
import { FacegradError } from '../gpu/errors';
import { decodeBmp } from './bmp';
import { checkPicture, type Picture } from './picture_header';

export type { Picture };

/** Decodes a png, jpeg, webp or bmp; `file` is for messages. {@link decodePicture} in a page or worker. */
export type PictureDecoder = (bytes: Uint8Array, file: string) => Promise<Picture>;

export interface GreyOptions {
  /** Pixels per side (default 48, FER2013's). */
  size?: number;
  /** What lies behind transparent pixels: 0 black to 255 white (default 255). */
  background?: number;
}

/**
 * The middle square of a picture, grey (0.299 R + 0.587 G + 0.114 B), laid over `background`, resized
 * by a triangle filter as wide as a target pixel: an average where it shrinks, linear interpolation
 * where it grows. The same numbers everywhere, as no canvas and no library resizes.
 */
export function greySquare(picture: Picture, options: GreyOptions = {}): Uint8Array {
  const { size = 48, background = 255 } = options;
  const { width, height, data } = picture;
  const side = Math.min(width, height);
  const left = (width - side) >> 1;
  const top = (height - side) >> 1;
  const grey = new Float32Array(side * side);
  for (let y = 0; y < side; y++) {
    let from = ((top + y) * width + left) * 4;
    for (let x = 0; x < side; x++, from += 4) {
      const luma = 0.299 * data[from] + 0.587 * data[from + 1] + 0.114 * data[from + 2];
      const alpha = data[from + 3] / 255;
      grey[y * side + x] = luma * alpha + background * (1 - alpha);
    }
  }
  const taps = triangleTaps(side, size);
  const narrow = new Float32Array(side * size);
  taps.forEach(({ first, weights }, x) => {
    for (let y = 0; y < side; y++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * grey[y * side + first + k];
      narrow[y * size + x] = sum;
    }
  });
  const result = new Uint8Array(size * size);
  taps.forEach(({ first, weights }, y) => {
    for (let x = 0; x < size; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * narrow[(first + k) * size + x];
      result[y * size + x] = Math.min(255, Math.max(0, Math.round(sum)));
    }
  });
  return result;
}

/** A square of a picture, as many pixels as it measures; where it reaches outside, the edge goes on. */
export function cutSquare(
  picture: Picture,
  square: { x: number; y: number; width: number },
): Picture {
  const { width, height, data } = picture;
  const [left, top, side] = [square.x, square.y, square.width].map(Math.round);
  const inside = (at: number, length: number) => Math.min(length - 1, Math.max(0, at));
  const cropped = new Uint8ClampedArray(4 * side * side);
  for (let y = 0; y < side; y++) {
    const row = inside(top + y, height) * width;
    for (let x = 0; x < side; x++) {
      const from = 4 * (row + inside(left + x, width));
      cropped.set(data.subarray(from, from + 4), 4 * (y * side + x));
    }
  }
  return { width: side, height: side, data: cropped };
}

/** For each target pixel, the source pixels under its triangle and their shares. */
function triangleTaps(from: number, to: number): { first: number; weights: number[] }[] {
  const scale = from / to;
  const reach = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale - 0.5;
    const first = Math.max(0, Math.ceil(center - reach));
    const last = Math.min(from - 1, Math.floor(center + reach));
    const raw: number[] = [];
    for (let j = first; j <= last; j++) raw.push(Math.max(0, 1 - Math.abs(j - center) / reach));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((weight) => weight / sum) };
  });
}

/** Decodes a picture in a page or worker. Throws `bad-input`, naming `file`, if it cannot. */
export async function decodePicture(bytes: Uint8Array, file: string): Promise<Picture> {
  const { format } = checkPicture(bytes, file);
  if (format === 'bmp') return decodeBmp(bytes, file);
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: `image/${format}` });
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, {
      imageOrientation: 'from-image',
      premultiplyAlpha: 'none',
    });
  } catch (cause) {
    throw new FacegradError('bad-input', `${file}: this ${format} cannot be decoded`, { cause });
  }
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new FacegradError('unsupported', 'this runtime has no 2D canvas');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, data: context.getImageData(0, 0, width, height).data };
}
