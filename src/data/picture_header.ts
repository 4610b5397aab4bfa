/** What a picture file is, from its first bytes, and whether all of it is there. */
import { FacegradError } from '../gpu/errors';

/** A decoded picture: RGBA, 8 bits, alpha not multiplied in, turned as the camera held it. */
export interface Picture {
  width: number;
  height: number;
  data: Uint8Array | Uint8ClampedArray;
}

/** Pixels that a picture may have: a decoder would make four bytes of each. */
const MOST_PIXELS = 50_000_000;

/**
 * Format and size from a picture's first bytes, so that nothing else reaches a decoder. Throws
 * `bad-input`, naming `file`, for anything but a png, jpeg, webp or bmp, or one with no pixels or too many.
 */
export function pictureHeader(bytes: Uint8Array, file: string): Header {
  const fail = (what: string): never => {
    throw new FacegradError('bad-input', `${file}: ${what}`);
  };
  if (bytes.length === 0) fail('the file is empty');
  const header = readHeader(bytes);
  if (!header) {
    const start = [...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
    return fail(
      `expected a PNG, JPEG, WebP or BMP; ${otherKind(bytes) ?? `the file begins with ${start}`}`,
    );
  }
  const { format, width, height } = header;
  if (width === 0 || height === 0) fail(`the ${format} is truncated or has no pixels`);
  if (width * height > MOST_PIXELS) {
    fail(`${width}x${height} pixels; at most ${MOST_PIXELS} are supported`);
  }
  return header;
}

/**
 * The same for a whole file: decoders fill up what is missing, some of them without a word, so that it must
 * have its end. Throws `bad-input`, naming `file`, if it is cut short.
 */
export function checkPicture(bytes: Uint8Array, file: string): Header {
  const header = pictureHeader(bytes, file);
  if (!ENDS[header.format](bytes)) {
    throw new FacegradError('bad-input', `${file}: the ${header.format} is truncated`);
  }
  return header;
}

/** Whether this is the beginning of a picture that this library reads, and its end is missing. */
export function isCutShort(bytes: Uint8Array): boolean {
  const header = readHeader(bytes);
  return header !== undefined && !ENDS[header.format](bytes);
}

export interface Header {
  format: 'png' | 'jpeg' | 'webp' | 'bmp';
  width: number;
  height: number;
}

const ascii = (bytes: Uint8Array, at: number, length: number) =>
  String.fromCharCode(...bytes.subarray(at, at + length));

function readHeader(bytes: Uint8Array): Header | undefined {
  return readPng(bytes) ?? readJpeg(bytes) ?? readWebp(bytes) ?? readBmp(bytes);
}

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
  const little = (at: number, length: number) => littleEndian(bytes, at, length);
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

const littleEndian = (bytes: Uint8Array, at: number, length: number) =>
  [...bytes.subarray(at, at + length)].reduceRight((sum, byte) => sum * 256 + byte, 0);

/** A negative height says that the first row comes first. */
function readBmp(bytes: Uint8Array): Header | undefined {
  if (ascii(bytes, 0, 2) !== 'BM' || littleEndian(bytes, 6, 4) !== 0) return undefined;
  const old = littleEndian(bytes, 14, 4) === 12;
  const [width, height] = old
    ? [littleEndian(bytes, 18, 2), littleEndian(bytes, 20, 2)]
    : [littleEndian(bytes, 18, 4) | 0, Math.abs(littleEndian(bytes, 22, 4) | 0)];
  return { format: 'bmp', width: Math.max(0, width), height };
}

/** What cameras and the web have besides, by its first bytes. */
function otherKind(bytes: Uint8Array): string | undefined {
  const brand = ascii(bytes, 4, 4) === 'ftyp' ? ascii(bytes, 8, 4) : '';
  if (/^(heic|heix|heim|heis|hevc|mif1|msf1)$/.test(brand)) return 'this is HEIC';
  if (/^avi[fs]$/.test(brand)) return 'this is AVIF';
  if (ascii(bytes, 0, 4) === 'GIF8') return 'this is GIF';
  if (/^(II\*\0|MM\0\*)$/.test(ascii(bytes, 0, 4))) return 'this is TIFF';
  return undefined;
}

/** Whether a file has its end. */
const ENDS: Record<Header['format'], (bytes: Uint8Array) => boolean> = {
  png: (bytes) => {
    for (let at = 8; at + 12 <= bytes.length; at += 12 + word(bytes, at)) {
      if (ascii(bytes, at + 4, 4) === 'IEND') return true;
    }
    return false;
  },
  // From marker to marker: a small picture inside has an end of its own.
  jpeg: (bytes) => {
    for (let at = bytes.indexOf(0xff, 2); at >= 0; at = bytes.indexOf(0xff, at)) {
      const marker = bytes[at + 1];
      if (marker === 0xd9) return true;
      const alone = marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8);
      at += marker === 0xff ? 1 : alone ? 2 : 2 + half(bytes, at + 2);
    }
    return false;
  },
  webp: (bytes) => 8 + (littleEndian(bytes, 4, 4) & ~1) <= bytes.length,
  bmp: () => true, // its rows are counted when they are read
};
