/** Pictures in Chrome and in Node: the page's decoder and sharp read the same pixels. */
import { describe, expect, it } from 'vitest';
import { decodePicture, greySquare, type PictureDecoder } from '../../src/data/pictures';
import { FacegradError } from '../../src/gpu/errors';
import { bmpOf } from './bmp_fixtures';
import { PICTURE_FILES } from './picture_files';

const [WIDTH, HEIGHT] = [12, 8];
const inNode = typeof window === 'undefined';
const decode: PictureDecoder = inNode
  ? (await import('../../cli/decode')).decodeWithSharp
  : decodePicture;

const bytesOf = (name: string) =>
  name === 'bmp'
    ? bmpOf(24, WIDTH, HEIGHT, ramp)
    : Uint8Array.from(atob(PICTURE_FILES[name]), (letter) => letter.charCodeAt(0));

type Pixel = (x: number, y: number) => [r: number, g: number, b: number, alpha: number];
const ramp: Pixel = (x, y) => [20 * x, 30 * y, 255 - 10 * (x + y), 255];
const grey: Pixel = (x, y) =>
  [0, 0, 0, 0].map((_, c) => (c === 3 ? 255 : (5 * (WIDTH * y + x)) % 256)) as ReturnType<Pixel>;
const glass: Pixel = (x, y) =>
  [...ramp(x, y).slice(0, 3), [255, 0, 128, 64][(x + y) % 4]] as ReturnType<Pixel>;
/** As a camera on its side has it: columns were rows, from the last up. */
const turned: Pixel = (x, y) => ramp(y, HEIGHT - 1 - x);
const mirrored: Pixel = (x, y) => ramp(WIDTH - 1 - x, y);

/** What each file shows, and how far a pixel may be off: lossy formats change colours where they change fast. */
const CASES: [name: string, pixel: Pixel, tolerance: number, size?: [number, number]][] = [
  ['png', ramp, 0],
  ['png, grey', grey, 0],
  ['png, alpha', glass, 3], // a canvas keeps colours times alpha
  ['png, 16 bits', ramp, 1],
  ['jpeg', ramp, 16],
  ['jpeg, turned (orientation 6)', turned, 16, [HEIGHT, WIDTH]],
  ['jpeg, mirrored (orientation 2)', mirrored, 16],
  ['webp', ramp, 40], // colours at half the resolution
  ['webp, lossless, alpha', glass, 3],
  ['bmp', ramp, 0],
];

describe('a decoded picture', () => {
  it.each(CASES)('%s', async (name, pixel, tolerance, [width, height] = [WIDTH, HEIGHT]) => {
    const picture = await decode(bytesOf(name), name);
    expect([picture.width, picture.height]).toEqual([width, height]);
    expect(picture.data).toHaveLength(width * height * 4);
    const wanted = new Uint8Array(width * height * 4);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) wanted.set(pixel(x, y), (y * width + x) * 4);
    }
    for (let i = 0; i < wanted.length; i++) {
      const alpha = wanted[i - (i % 4) + 3];
      if (i % 4 === 3) expect(picture.data[i]).toBe(alpha);
      else if (alpha > 0)
        expect(Math.abs(picture.data[i] - wanted[i])).toBeLessThanOrEqual(tolerance);
    }
    // What a network sees of it.
    const [seen, meant] = [picture, { width, height, data: wanted }].map((p) =>
      greySquare(p, { size: 8 }),
    );
    seen.forEach((v, i) =>
      expect(Math.abs(v - meant[i])).toBeLessThanOrEqual(Math.max(1, tolerance / 2)),
    );
  });

  // Some decoders fill up what is missing, and say nothing.
  it.each(['png', 'jpeg', 'webp', 'bmp'])('is refused when it is cut short: %s', async (name) => {
    const whole = bytesOf(name);
    for (const cut of [whole.slice(0, -8), whole.slice(0, whole.length * 0.75)]) {
      const error = await decode(cut, 'half').catch((e: unknown) => e);
      expect(error).toBeInstanceOf(FacegradError);
      expect((error as Error).message).toBe(`half: the ${name} is truncated`);
    }
  });

  it('is refused when it is none', async () => {
    await expect(decode(Uint8Array.of(1, 2, 3, 4), 'x')).rejects.toThrow(/begins with 01 02 03 04/);
  });
});
