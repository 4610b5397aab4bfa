/** Pictures spoilt on purpose, to see what a network still recognizes: bad light, covered faces, noise, blur. */
import { FacegradError } from '../gpu/errors';
import type { ImageSet, SequenceSet } from './dataset';
import { RandomStream } from './random';

/** The picture's pixels at whole numbers or between them, the side in pixels, the picture's number. */
type Corruption = (pixels: Float64Array, width: number, height: number, picture: number) => void;

const GREY = 128;

const each =
  (change: (value: number, u: number) => number): Corruption =>
  (pixels, width) =>
    pixels.forEach((value, i) => (pixels[i] = change(value, (i % width) / (width - 1))));

/** A grey rectangle, in shares of the picture. */
const cover =
  (left: number, top: number, right: number, bottom: number): Corruption =>
  (pixels, width, height) => {
    for (let y = Math.round(top * height); y < Math.round(bottom * height); y++) {
      const row = y * width;
      pixels.fill(GREY, row + Math.round(left * width), row + Math.round(right * width));
    }
  };

const SQUARES = 7001;
const NOISE = 7002;

const square =
  (area: number): Corruption =>
  (pixels, width, height, picture) => {
    const random = new RandomStream(SQUARES, picture);
    const side = Math.sqrt(area);
    const [left, top] = [random.between(0, 1 - side), random.between(0, 1 - side)];
    cover(left, top, left + side, top + side)(pixels, width, height, picture);
  };

const noise =
  (sigma: number): Corruption =>
  (pixels, _, __, picture) => {
    const random = new RandomStream(NOISE, picture);
    pixels.forEach((value, i) => (pixels[i] = value + sigma * random.normal()));
  };

/** A Gaussian along rows, then columns; the border repeats. */
const blur =
  (sigma: number): Corruption =>
  (pixels, width, height) => {
    const radius = Math.ceil(3 * sigma);
    const weights = Array.from({ length: 2 * radius + 1 }, (_, k) =>
      Math.exp(-((k - radius) ** 2) / (2 * sigma ** 2)),
    );
    const total = weights.reduce((a, b) => a + b);
    const along = (length: number, stride: number, begin: number) => {
      const line = Float64Array.from({ length }, (_, i) => pixels[begin + i * stride]);
      const at = (i: number) => line[Math.min(length - 1, Math.max(0, i))];
      for (let i = 0; i < length; i++) {
        const sum = weights.reduce((sum, weight, k) => sum + weight * at(i + k - radius), 0);
        pixels[begin + i * stride] = sum / total;
      }
    };
    for (let y = 0; y < height; y++) along(width, 1, y * width);
    for (let x = 0; x < width; x++) along(height, width, x);
  };

const shares = [0.2, 0.4, 0.6, 0.8, 1];
const halves = [0.1, 0.2, 0.3, 0.4, 0.5];

/** A family of corruptions: what a level is measured in, the five levels, and what each does. */
interface Family {
  unit: string;
  levels: readonly number[];
  of: (level: number) => Corruption;
}

/** Rows of eyes and mouth are those of FER2013's crops, 12 to 22 and 32 to 44 of 48. */
export const CORRUPTIONS: Record<string, Family> = {
  gamma: {
    unit: 'exponent',
    levels: [0.33, 0.5, 1.5, 2, 3],
    of: (g) => each((v) => 255 * (v / 255) ** g),
  },
  brightness: {
    unit: 'grey levels',
    levels: [-80, -40, 20, 40, 80],
    of: (b) => each((v) => v + b),
  },
  contrast: {
    unit: 'factor',
    levels: [0.4, 0.6, 0.8, 1.3, 1.6],
    of: (c) => each((v) => GREY + c * (v - GREY)),
  },
  ramp: {
    unit: 'change at either side',
    levels: [0.2, 0.35, 0.5, 0.65, 0.8],
    of: (a) => each((v, u) => v * (1 + a * (2 * u - 1))),
  },
  eyes: {
    unit: 'share of the width',
    levels: shares,
    of: (s) => cover(0.5 - s / 2, 12 / 48, 0.5 + s / 2, 22 / 48),
  },
  mouth: {
    unit: 'share of the width',
    levels: shares,
    of: (s) => cover(0.5 - s / 2, 32 / 48, 0.5 + s / 2, 44 / 48),
  },
  left: { unit: 'share of the picture', levels: halves, of: (s) => cover(0, 0, s, 1) },
  right: { unit: 'share of the picture', levels: halves, of: (s) => cover(1 - s, 0, 1, 1) },
  square: { unit: 'share of the picture', levels: [0.05, 0.1, 0.2, 0.3, 0.4], of: square },
  noise: { unit: 'standard deviation, grey levels', levels: [5, 10, 15, 20, 25], of: noise },
  blur: { unit: 'standard deviation, pixels', levels: [1, 1.5, 2, 2.5, 3], of: blur },
};

/**
 * The set with every picture spoilt alike.
 * @param level 1 to 5
 * @throws FacegradError `bad-input` for an unknown name or level
 */
export function corrupt<T extends ImageSet | SequenceSet>(set: T, name: string, level: number): T {
  const family = Object.hasOwn(CORRUPTIONS, name) ? CORRUPTIONS[name] : undefined;
  const value = family?.levels[level - 1];
  if (!family || value === undefined) {
    throw new FacegradError('bad-input', `there is no corruption ${name}:${level}`, {
      wanted: `${name}:${level}`,
      available: Object.keys(CORRUPTIONS).map((one) => `${one}:1 to ${one}:5`),
    });
  }
  const change = family.of(value);
  const { width, height, count } = set;
  const size = width * height;
  const images = new Uint8Array(set.images.length);
  for (let i = 0; i < count; i++) {
    const pixels = Float64Array.from(set.images.subarray(i * size, (i + 1) * size));
    change(pixels, width, height, i);
    pixels.forEach((value, p) => {
      images[i * size + p] = Math.min(255, Math.max(0, Math.round(value)));
    });
  }
  return { ...set, images, name: `${set.name}, ${name} ${level}` };
}
