import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EXPRESSIONS, classCounts, duplicates, type ImageSet } from '../../src/data/dataset';
import { PAIR_EXPRESSIONS, syntheticFaces, syntheticSequences } from '../../src/data/synthetic';
import { expectBadInput } from './fixtures';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function imageOf({ images, width, height }: ImageSet, index: number): Uint8Array {
  return images.subarray(index * width * height, (index + 1) * width * height);
}

describe('synthetic faces', () => {
  it('are the same bytes for the same options, on every machine', () => {
    const set = syntheticFaces({ seed: 1, count: 21 });
    expect(sha256(set.images)).toBe(
      'cac12d261844e4d9b37a54020318d28f5b7520d10df2b14d60f17e5929a732bb',
    );
    expect(sha256(syntheticFaces({ seed: 1, count: 21 }).images)).toBe(sha256(set.images));
  });

  it('differ with the seed, and among themselves', () => {
    const set = syntheticFaces({ seed: 1, count: 70, identities: 5 });
    expect(duplicates(set).surplus).toBe(0);
    expect(syntheticFaces({ seed: 2, count: 70, identities: 5 }).images).not.toEqual(set.images);
  });

  it('are balanced over the classes and the persons', () => {
    const set = syntheticFaces({ seed: 3, count: 75, identities: 4, firstIdentity: 10, size: 16 });
    expect(set).toMatchObject({ count: 75, width: 16, height: 16, classes: EXPRESSIONS });
    expect(set.images.length).toBe(75 * 16 * 16);
    expect(classCounts(set)).toEqual([11, 11, 11, 11, 11, 10, 10]);
    expect([...new Set(set.groups)].sort()).toEqual([10, 11, 12, 13]);
    for (const person of [10, 11, 12]) {
      const shown = set.labels.filter((_, i) => set.groups![i] === person);
      expect(new Set(shown).size).toBe(7);
    }
  });

  it('of a training and a validation set share no person', () => {
    const train = syntheticFaces({ seed: 1, count: 70, identities: 8, size: 16 });
    const valid = syntheticFaces({
      seed: 1,
      count: 35,
      identities: 3,
      firstIdentity: 8,
      size: 16,
    });
    const trained = new Set(train.groups);
    expect([...valid.groups!].some((person) => trained.has(person))).toBe(false);
  });

  it('use the grey levels: neither flat nor burnt out', () => {
    const set = syntheticFaces({ seed: 5, count: 140 });
    let burnt = 0;
    for (let i = 0; i < set.count; i++) {
      const image = imageOf(set, i);
      const mean = image.reduce((sum, pixel) => sum + pixel, 0) / image.length;
      const variance = image.reduce((sum, pixel) => sum + (pixel - mean) ** 2, 0) / image.length;
      expect(Math.sqrt(variance)).toBeGreaterThan(8);
      burnt += image.filter((pixel) => pixel === 255).length / image.length / set.count;
    }
    expect(burnt).toBeLessThan(0.15);
  });

  it('show the same face at any size', () => {
    const small = syntheticFaces({ seed: 1, count: 7, size: 24 });
    const large = syntheticFaces({ seed: 1, count: 7, size: 96 });
    for (let i = 0; i < 7; i++) {
      let difference = 0;
      for (let p = 0; p < 24 * 24; p++) {
        const [x, y] = [p % 24, Math.floor(p / 24)];
        let sum = 0;
        for (let k = 0; k < 16; k++) {
          sum += imageOf(large, i)[(4 * y + (k >> 2)) * 96 + 4 * x + (k & 3)];
        }
        difference += Math.abs(sum / 16 - imageOf(small, i)[p]) / (24 * 24);
      }
      expect(difference).toBeLessThan(10);
    }
  });

  it('can be told apart on persons never seen, even by a linear classifier', () => {
    const train = syntheticFaces({ seed: 1, count: 1050, identities: 75, size: 24 });
    const test = syntheticFaces({
      seed: 2,
      count: 350,
      identities: 50,
      firstIdentity: 1000,
      size: 24,
    });
    const accuracy = linearAccuracy(
      standardized(train),
      train.labels,
      standardized(test),
      test.labels,
      7,
    );
    expect(accuracy).toBeGreaterThan(0.5);
  });

  it.each([
    { count: -1 },
    { count: 1.5 },
    { count: 7, size: 8 },
    { count: 7, identities: 0 },
    { count: 7, firstIdentity: -1 },
  ])('refuses %o', async (options) => {
    await expectBadInput(() => syntheticFaces({ seed: 1, ...options }), /must be a whole number/);
  });
});

describe('synthetic sequences', () => {
  it('are the same bytes for the same options, on every machine', () => {
    const set = syntheticSequences({ seed: 1, count: 7, frames: 3 });
    expect(sha256(set.images)).toBe(
      '60a855c29c816c78643d319c20a46a169d3290538ea95e96dcdc4800459a1bd9',
    );
  });

  it('go from the face at rest to the expression', () => {
    const set = syntheticSequences({ seed: 4, count: 14, frames: 5, size: 24 });
    expect(set).toMatchObject({ count: 70, length: 5, classes: EXPRESSIONS });
    expect(set.sequences.length).toBe(14);
    set.sequences.forEach(({ frames, label, subject }, i) => {
      expect(label).toBe(i % 7);
      expect(frames).toEqual([0, 1, 2, 3, 4].map((frame) => 5 * i + frame));
      expect(set.labels[frames[0]]).toBe(EXPRESSIONS.indexOf('neutral'));
      expect(set.labels[frames[4]]).toBe(label);
      for (const frame of frames) expect(set.groups![frame]).toBe(subject);
    });
  });

  it('refuse a single frame', async () => {
    await expectBadInput(() => syntheticSequences({ seed: 1, count: 1, frames: 1 }), /frames/);
  });
});

describe('pairs of synthetic sequences', () => {
  const set = syntheticSequences({ seed: 1, count: 24, frames: 4, size: 24, pairs: true });

  it('are the same bytes for the same options, on every machine', () => {
    expect(sha256(set.images)).toBe(
      '5dc2acf217fc3c39940d5b5b3be50b8f7691a382804621c7516e303f18072e0a',
    );
  });

  it('have a rise and a fall of each expression as classes', () => {
    expect(set.classes.length).toBe(2 * PAIR_EXPRESSIONS.length);
    expect(set.classes.slice(0, 2)).toEqual(['happy rising', 'happy falling']);
    expect(set.sequences.map(({ label }) => label).slice(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 0]);
  });

  it('end in the same frame but begin in another, hence need a memory', () => {
    for (let k = 0; k < 12; k++) {
      const [rising, falling] = [set.sequences[2 * k], set.sequences[2 * k + 1]];
      expect(rising.subject).toBe(falling.subject);
      expect(imageOf(set, rising.frames[3])).toEqual(imageOf(set, falling.frames[3]));
      expect(imageOf(set, rising.frames[0])).not.toEqual(imageOf(set, falling.frames[0]));
    }
    // Each last frame stands for two classes equally often: half is the most one can get right.
    const last = set.sequences.map(({ frames }) => sha256(imageOf(set, frames[3])));
    expect(new Set(last).size).toBe(12);
  });

  it('are told apart by the change from first to last frame, on persons never seen', () => {
    const options = { seed: 1, frames: 2, size: 24, pairs: true };
    const train = syntheticSequences({ ...options, count: 600 });
    const test = syntheticSequences({ ...options, count: 240, firstIdentity: 1000 });
    const labelsOf = (part: typeof train) => part.sequences.map(({ label }) => label);
    const accuracy = (features: (part: typeof train) => Float64Array[]) =>
      linearAccuracy(features(train), labelsOf(train), features(test), labelsOf(test), 6);
    const changes = (part: typeof train) => {
      const images = standardized(part);
      return part.sequences.map(({ frames: [first, last] }) =>
        images[last].map((pixel, p) => pixel - images[first][p]),
      );
    };
    const lastFrames = (part: typeof train) => {
      const images = standardized(part);
      return part.sequences.map(({ frames: [, last] }) => images[last]);
    };
    expect(accuracy(lastFrames)).toBeLessThanOrEqual(0.5);
    expect(accuracy(changes)).toBeGreaterThan(0.75);
  });
});

/** Each image with mean 0 and variance 1. */
function standardized(set: ImageSet): Float64Array[] {
  return Array.from({ length: set.count }, (_, i) => {
    const image = Float64Array.from(imageOf(set, i));
    const mean = image.reduce((sum, pixel) => sum + pixel, 0) / image.length;
    const variance = image.reduce((sum, pixel) => sum + (pixel - mean) ** 2, 0) / image.length;
    return image.map((pixel) => (pixel - mean) / Math.sqrt(variance));
  });
}

/** Held-out accuracy of softmax regression, trained by stochastic gradient descent. */
function linearAccuracy(
  train: Float64Array[],
  trainLabels: ArrayLike<number>,
  test: Float64Array[],
  testLabels: ArrayLike<number>,
  classes: number,
): number {
  const weights = Array.from({ length: classes }, () => new Float64Array(train[0].length));
  const scoresOf = (image: Float64Array): number[] =>
    weights.map((row) => row.reduce((sum, weight, p) => sum + weight * image[p], 0));
  for (let epoch = 0; epoch < 15; epoch++) {
    const rate = 0.004 / (1 + 0.2 * epoch);
    train.forEach((image, i) => {
      const exps = scoresOf(image).map(Math.exp);
      const total = exps.reduce((sum, value) => sum + value, 0);
      weights.forEach((row, label) => {
        const gradient = exps[label] / total - (label === trainLabels[i] ? 1 : 0);
        for (let p = 0; p < row.length; p++) row[p] -= rate * gradient * image[p];
      });
    });
  }
  const right = test.filter((image, i) => {
    const scores = scoresOf(image);
    return scores.indexOf(Math.max(...scores)) === testLabels[i];
  });
  return right.length / test.length;
}
