/** Pictures of faces as the networks read them: one size, square, grey, bytes. */
import { FacegradError } from '../gpu/errors';

/** A decoded picture: RGBA, 8 bits, alpha not multiplied in, turned as the camera held it. */
export interface Picture {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray;
}

/** Decodes a png, jpeg or webp; `file` is for messages. {@link decodePicture} in a page or worker. */
export type PictureDecoder = (bytes: Uint8Array, file: string) => Promise<Picture>;

export interface GreyOptions {
  /** Pixels per side (default 48, FER2013's). */
  size?: number;
  /** What lies behind transparent pixels: 0 black to 255 white (default 255). */
  background?: number;
}

/** Pixels that a picture may have: a decoder would make four bytes of each. */
const MOST_PIXELS = 50_000_000;

/**
 * Format and size from a picture's first bytes, so that nothing else reaches a decoder. Throws
 * `bad-input`, naming `file`, for what is no png, jpeg or webp, has no pixels or too many.
 */
export function pictureHeader(
  bytes: Uint8Array,
  file: string,
): { format: 'png' | 'jpeg' | 'webp'; width: number; height: number } {
  const fail = (what: string): never => {
    throw new FacegradError('bad-input', `${file}: ${what}`);
  };
  if (bytes.length === 0) fail('the file is empty');
  const header = readPng(bytes) ?? readJpeg(bytes) ?? readWebp(bytes);
  if (!header) {
    const start = [...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
    return fail(`wanted a png, jpeg or webp, the file begins with ${start}`);
  }
  const { format, width, height } = header;
  if (width === 0 || height === 0) fail(`the ${format} is cut short or has no pixels`);
  if (width * height > MOST_PIXELS) {
    fail(`${width}x${height} pixels, ${MOST_PIXELS} are the most that is read`);
  }
  return header;
}

type Header = ReturnType<typeof pictureHeader>;

const ascii = (bytes: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));

function readPng(bytes: Uint8Array): Header | undefined {
  if (ascii(bytes, 0, 8) !== '\x89PNG\r\n\x1a\n') return undefined;
  const [width, height] =
    ascii(bytes, 12, 4) === 'IHDR' ? [word(bytes, 16), word(bytes, 20)] : [0, 0];
  return { format: 'png', width, height };
}

/** The size stands in the first frame header (SOF0 to SOF15, but for DHT, JPG and DAC). */
function readJpeg(bytes: Uint8Array): Header | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8 || bytes[2] !== 0xff) return undefined;
  for (let at = 2; at + 9 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at += 1; // a filling byte
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { format: 'jpeg', width: half(bytes, at + 7), height: half(bytes, at + 5) };
    } else {
      at += 2 + half(bytes, at + 2);
    }
  }
  return { format: 'jpeg', width: 0, height: 0 };
}

function readWebp(bytes: Uint8Array): Header | undefined {
  if (ascii(bytes, 0, 4) !== 'RIFF' || ascii(bytes, 8, 4) !== 'WEBP') return undefined;
  const kind = ascii(bytes, 12, 4);
  const little = (at: number, length: number) =>
    [...bytes.subarray(at, at + length)].reduceRight((sum, byte) => sum * 256 + byte, 0);
  let [width, height] = [0, 0];
  if (bytes.length >= 30 && kind === 'VP8 ') {
    [width, height] = [little(26, 2) & 0x3fff, little(28, 2) & 0x3fff];
  } else if (bytes.length >= 25 && kind === 'VP8L') {
    const bits = little(21, 4);
    [width, height] = [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  } else if (bytes.length >= 30 && kind === 'VP8X') {
    [width, height] = [little(24, 3) + 1, little(27, 3) + 1];
  }
  return { format: 'webp', width, height };
}

const half = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const word = (bytes: Uint8Array, at: number) => half(bytes, at) * 65536 + half(bytes, at + 2);

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
  const { format } = pictureHeader(bytes, file);
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
