import { describe, expect, it } from 'vitest';
import {
  augmentForward,
  type AugmentAttributes,
  type AugmentationConfig,
} from '../../src/kernels/augment';
import { ABSENT } from '../../src/kernels/focal_loss';
import * as reference from '../../src/kernels/reference/augment';
import { testKernel, tensor, type Dense } from '../support/kernel';
import { random } from '../support/random';

function bytes(length: number, seed: number): Uint8Array {
  const next = random(seed);
  return Uint8Array.from({ length }, () => Math.floor(next() * 256));
}

function pack(values: Uint8Array): Uint32Array {
  const padded = new Uint8Array(Math.ceil(values.length / 4) * 4);
  padded.set(values);
  return new Uint32Array(padded.buffer);
}

function unpack({ data }: Dense): Uint8Array {
  return new Uint8Array(Uint32Array.from(data).buffer);
}

interface StepOptions {
  seed?: number;
  number?: number;
  mirror?: number;
  shift?: [number, number];
}

function stepState({ seed = 7, number = 1, mirror = 0, shift = [0, 0] }: StepOptions = {}) {
  const words = new Uint32Array(64);
  words.set([seed, number, 0, mirror]);
  new Float32Array(words.buffer).set(shift, 4);
  return words;
}

function stepNumbers({ data }: Dense): reference.StepNumbers {
  const words = Uint32Array.from(data);
  const floats = new Float32Array(words.buffer);
  return {
    seed: words[0],
    number: words[1],
    mirror: words[3],
    shiftX: floats[4],
    shiftY: floats[5],
  };
}

const everything: AugmentationConfig & { stream: number } = {
  mirror: 0.5,
  shift: 0.12,
  rotation: 10,
  scale: [0.9, 1.1],
  brightness: 20,
  contrast: 0.2,
  erase: 0.5,
  eraseArea: [0.02, 0.2],
  eraseGrey: 'random',
  stream: 3,
};

function attributes(
  source: [number, number],
  size: [number, number],
  rest: Partial<AugmentAttributes> = {},
): AugmentAttributes {
  return {
    source: { width: source[0], height: source[1] },
    width: size[0],
    height: size[1],
    views: 1,
    ...rest,
  };
}

function testCase(
  name: string,
  count: number,
  indices: number[],
  given: AugmentAttributes,
  step: StepOptions = {},
) {
  const { width, height } = given.source;
  const packed = pack(bytes(count * width * height, 11));
  return {
    name,
    inputs: {
      images: tensor([packed.length], packed, { dtype: 'u32' }),
      indices: tensor([indices.length], indices, { dtype: 'u32' }),
      step: tensor([64], stepState(step), { dtype: 'u32' }),
    },
    attributes: given,
  };
}

type Inputs = ReturnType<typeof testCase>['inputs'];

function run(inputs: Record<keyof Inputs, Dense>, given: AugmentAttributes): Float64Array {
  const params = augmentForward.params!(inputs as Inputs, given);
  return reference.augmentForward(
    unpack(inputs.images),
    inputs.indices.data,
    stepNumbers(inputs.step),
    params as unknown as reference.AugmentReferenceParams,
  );
}

testKernel(augmentForward, {
  cases: [
    testCase('one pixel', 1, [0], attributes([1, 1], [1, 1])),
    testCase('identity, more images than asked for', 5, [3, 0, 3], attributes([12, 12], [12, 12])),
    testCase('48 to 96', 3, [2, 0], attributes([48, 48], [96, 96])),
    testCase('odd sizes', 3, [1, 2], attributes([13, 7], [29, 17])),
    testCase('smaller', 2, [1], attributes([31, 20], [9, 11])),
    testCase('mirror of the step', 2, [1, 0], attributes([12, 10], [12, 10]), { mirror: 1 }),
    testCase('shift of the step', 2, [1, 0], attributes([12, 10], [24, 20]), {
      mirror: 1,
      shift: [-2.25, 1.5],
    }),
    testCase('absent samples are blank', 2, [ABSENT, 1, ABSENT], attributes([8, 8], [8, 8])),
    testCase('everything drawn', 4, [0, 1, 2, 3], {
      ...attributes([48, 48], [48, 48]),
      random: everything,
    }),
    testCase('several views', 3, [2, ABSENT, 0], {
      ...attributes([16, 16], [32, 32]),
      views: 3,
      random: everything,
    }),
    testCase('sequences', 5, [0, 1, 2, 3, 4, ABSENT], {
      ...attributes([16, 16], [20, 20]),
      views: 3,
      sequence: true,
      random: everything,
    }),
    testCase('the largest deviations', 3, [0, 1, 2], {
      ...attributes([40, 24], [33, 47]),
      views: 3,
      random: {
        mirror: 1,
        shift: 0.5,
        rotation: 90,
        scale: [0.5, 2],
        brightness: 255,
        contrast: 1,
        erase: 1,
        eraseArea: [0, 1],
        eraseGrey: 128,
        stream: 9,
      },
    }),
    testCase('the largest source', 1, [0], {
      ...attributes([768, 768], [61, 40]),
      random: { ...everything, shift: 0.5, rotation: 90, scale: [0.5, 0.5], erase: 0 },
    }),
  ],
  reference: (inputs, given) => ({ y: run(inputs, given) }),
  tolerance: { absolute: 0, relative: 0 }, // integer arithmetic: the same bytes everywhere
});

describe('augment: the reference against plain mathematics', () => {
  it('gives sines and cosines to 13 bits', () => {
    for (let angle = -25736; angle <= 25736; angle += 101) {
      const radians = angle / 16384;
      expect(Math.abs(reference.sine(angle) / 16384 - Math.sin(radians))).toBeLessThan(3e-4);
      expect(Math.abs(reference.cosine(angle) / 16384 - Math.cos(radians))).toBeLessThan(3e-4);
    }
  });

  it('leaves the bytes alone where nothing is asked for', () => {
    const { inputs, attributes: given } = testCase('', 4, [2, 1], attributes([48, 48], [48, 48]));
    const images = unpack(inputs.images);
    const y = run(inputs, given);
    expect([...y.subarray(0, 2304)]).toEqual([...images.subarray(2 * 2304, 3 * 2304)]);
    expect([...y.subarray(2304)]).toEqual([...images.subarray(2304, 2 * 2304)]);
  });

  it('mirrors exactly', () => {
    const given = attributes([7, 5], [7, 5]);
    const { inputs } = testCase('', 1, [0], given, { mirror: 1 });
    const images = unpack(inputs.images);
    const expected = Array.from({ length: 35 }, (_, i) => images[i - (i % 7) + 6 - (i % 7)]);
    expect([...run(inputs, given)]).toEqual(expected);
  });

  it('shifts to the right and down by whole pixels', () => {
    const given = attributes([7, 5], [7, 5]);
    const { inputs } = testCase('', 1, [0], given, { shift: [2, 1] });
    const images = unpack(inputs.images);
    const y = run(inputs, given);
    for (let row = 1; row < 5; row++) {
      for (let column = 2; column < 7; column++) {
        expect(y[row * 7 + column]).toBe(images[(row - 1) * 7 + column - 2]);
      }
    }
  });

  // torch.nn.functional.interpolate(x, size, mode='bilinear', align_corners=False), halves rounded up.
  it('resizes as PyTorch does', () => {
    const enlarge = (source: number[], width: number) => {
      const given = attributes([source.length, 1], [width, 1]);
      const { inputs } = testCase('', 1, [0], given);
      const packed = pack(Uint8Array.from(source));
      return [...run({ ...inputs, images: { shape: [packed.length], data: packed } }, given)];
    };
    expect(enlarge([0, 100, 200], 6)).toEqual([0, 25, 75, 125, 175, 200]);
    expect(enlarge([0, 100, 200, 40], 2)).toEqual([50, 120]);
    expect(enlarge([10, 250], 1)).toEqual([130]);
  });

  it('follows the affine map', () => {
    // A ramp shows where each pixel came from: grey = 2 * column + row, away from the border.
    const given: AugmentAttributes = {
      ...attributes([48, 48], [96, 96]),
      random: { ...everything, erase: 0, brightness: 0, contrast: 0 },
    };
    const ramp = Uint8Array.from({ length: 2304 }, (_, i) => 2 * (i % 48) + Math.floor(i / 48));
    const packed = pack(ramp);
    for (let number = 1; number <= 20; number++) {
      const { inputs } = testCase('', 1, [0], given, { number });
      const images = tensor([packed.length], packed, { dtype: 'u32' });
      const params = augmentForward.params!({ ...inputs, images }, given);
      const step = stepNumbers(inputs.step);
      const drawn = reference.view(step, params as unknown as reference.AugmentReferenceParams, 0);
      const y = run({ ...inputs, images }, given);
      const angle = drawn.angle / 16384;
      const scale = drawn.scale / 16384;
      let seen = 0;
      for (let row = 0; row < 96; row++) {
        for (let column = 0; column < 96; column++) {
          const u = (column + 0.5) / 2 - 24;
          const v = (row + 0.5) / 2 - 24;
          let x = (Math.cos(angle) * u + Math.sin(angle) * v) / scale - drawn.shiftX / 2 ** 20;
          const z = (-Math.sin(angle) * u + Math.cos(angle) * v) / scale - drawn.shiftY / 2 ** 20;
          if (drawn.mirrored) x = -x;
          const px = x + 23.5;
          const py = z + 23.5;
          if (px < 0 || px > 47 || py < 0 || py > 47) continue;
          seen++;
          // Half a grey level of rounding, and 34 px * 3e-4 of cosine at a slope of 3.
          expect(Math.abs(y[row * 96 + column] - (2 * px + py))).toBeLessThan(0.55);
        }
      }
      expect(seen).toBeGreaterThan(5000);
    }
  });
});

describe('augment: the random numbers', () => {
  const given: AugmentAttributes = { ...attributes([8, 8], [8, 8]), random: everything };
  const many = Array.from({ length: 1000 }, () => 0);
  const { inputs } = testCase('', 1, many, given);
  const params = augmentForward.params!(
    inputs,
    given,
  ) as unknown as reference.AugmentReferenceParams;
  const step = stepNumbers(inputs.step);
  const views = many.map((_, frame) => reference.view(step, params, frame));

  it('mirrors half of the frames, and erases half', () => {
    const mirrored = views.filter((v) => v.mirrored).length;
    const erased = views.filter((v) => v.erased).length;
    expect(Math.abs(mirrored - 500)).toBeLessThan(64); // four standard deviations
    expect(Math.abs(erased - 500)).toBeLessThan(64);
  });

  it('spreads shifts, angles and scales over their ranges', () => {
    const check = (values: number[], low: number, high: number) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.98 * (high - low));
      expect(Math.abs(mean - (low + high) / 2)).toBeLessThan((0.29 * 4 * (high - low)) / 31);
    };
    check(
      views.map((v) => v.shiftX / 2 ** 20),
      -0.96,
      0.96,
    );
    check(
      views.map((v) => v.angle / 16384),
      -0.17454,
      0.17454,
    );
    check(
      views.map((v) => v.scale / 16384),
      0.89999,
      1.10001,
    );
  });

  it('depends on seed, step and stream, and on nothing else', () => {
    const of = (options: StepOptions, stream = 3) => {
      const attributed = { ...given, random: { ...everything, stream } };
      const one = testCase('', 1, [0, 0], attributed, options);
      return [...run(one.inputs, attributed)].join();
    };
    expect(of({})).toBe(of({}));
    expect(of({ number: 2 })).not.toBe(of({}));
    expect(of({ seed: 8 })).not.toBe(of({}));
    expect(of({}, 4)).not.toBe(of({}));
  });

  it('moves the frames of a sequence alike', () => {
    const sequence: AugmentAttributes = { ...given, views: 3, sequence: true };
    const one = testCase('', 2, [0, 1, 0, 1, 0, 1], sequence); // both samples stand still
    const y = run(one.inputs, sequence);
    expect([...y.subarray(128, 256)]).toEqual([...y.subarray(0, 128)]);
    expect([...y.subarray(256)]).toEqual([...y.subarray(0, 128)]);
    const views: AugmentAttributes = { ...given, views: 3 };
    const jittered = run(testCase('', 2, [0, 1], views).inputs, views);
    expect([...jittered.subarray(128, 256)]).not.toEqual([...jittered.subarray(0, 128)]);
  });

  it('refuses what fixed point cannot hold', () => {
    const bad = (random: Partial<AugmentationConfig>) => () =>
      augmentForward.params!(inputs, { ...given, random: { ...everything, ...random } });
    expect(bad({ rotation: 91 })).toThrow(/rotation is 91/);
    expect(bad({ scale: [0, 1] })).toThrow(/scale is 0/);
    expect(bad({ shift: Number.NaN })).toThrow(/shift is NaN/);
  });
});
