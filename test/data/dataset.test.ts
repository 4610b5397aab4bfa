import { describe, expect, it } from 'vitest';
import {
  blankImages,
  classCounts,
  crossSplitDuplicates,
  dropClass,
  duplicates,
  subset,
  subsetSequences,
  type SequenceSet,
} from '../../src/data/dataset';
import { expectBadInput, tinySet } from './fixtures';

const A = [1, 2, 3, 4];
const B = [1, 2, 3, 5];
const C = [7, 7, 7, 7];

describe('class counts', () => {
  it('counts every class, also those without an image', () => {
    expect(classCounts(tinySet([A, B, C], [3, 3, 6]))).toEqual([0, 0, 0, 2, 0, 0, 1]);
  });
});

describe('duplicates', () => {
  it('counts groups, surplus images and contradicting labels', () => {
    expect(duplicates(tinySet([A, B, A, C, A, B], [0, 1, 0, 2, 3, 1]))).toEqual({
      groups: 2,
      surplus: 3,
      contradictory: 1,
      contradictoryImages: 3,
    });
  });

  it('finds none in a set of different images', () => {
    expect(duplicates(tinySet([A, B, C], [0, 0, 0])).surplus).toBe(0);
  });

  it('across splits, names the images of the second set that are in the first', () => {
    const train = tinySet([A, A, B], [0, 1, 2]);
    const test = tinySet([C, A, B, B], [0, 1, 2, 3]);
    expect(crossSplitDuplicates(train, test)).toEqual({ indices: [1, 2, 3], sameLabel: 2 });
  });

  it('refuses to compare images of different sizes', async () => {
    const other = { ...tinySet([A], [0], 'wide'), width: 4, height: 1 };
    await expectBadInput(() => crossSplitDuplicates(tinySet([A], [0]), other), /wide/, /4x1/);
  });
});

describe('blank images', () => {
  it('are those with one value in every pixel', () => {
    expect(blankImages(tinySet([A, C, B, [0, 0, 0, 0]], [0, 0, 0, 0]))).toEqual([1, 3]);
  });
});

describe('subset', () => {
  it('copies images, labels and groups in the order asked for', () => {
    const set = { ...tinySet([A, B, C], [0, 1, 2]), groups: Uint32Array.of(70_000, 5, 6) };
    const part = subset(set, [2, 0], 'part');
    expect(part).toMatchObject({ name: 'part', count: 2, width: 2, height: 2 });
    expect([...part.images]).toEqual([...C, ...A]);
    expect([...part.labels]).toEqual([2, 0]);
    expect([...part.groups!]).toEqual([6, 70_000]);
    part.images[0] = 99;
    expect(set.images[8]).toBe(7);
  });

  it('has no groups where the set has none', () => {
    expect('groups' in subset(tinySet([A], [0]), [0])).toBe(false);
  });

  it.each([-1, 3, 0.5])('refuses image %s of 3', async (index) => {
    await expectBadInput(() => subset(tinySet([A, B, C], [0, 0, 0]), [index]), 'no image');
  });
});

describe('dropping a class', () => {
  it('leaves neutral out for the six-class mode', () => {
    const six = dropClass(tinySet([A, B, C], [6, 5, 0]), 'neutral');
    expect(six.classes).toEqual(['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise']);
    expect([...six.labels]).toEqual([5, 0]);
    expect([...six.images]).toEqual([...B, ...C]);
  });

  it('moves the later classes up', () => {
    const set = dropClass(tinySet([A, B, C], [0, 1, 6]), 'disgust');
    expect([...set.labels]).toEqual([0, 5]);
    expect(set.classes[5]).toBe('neutral');
  });

  it('refuses a class that is not there', async () => {
    await expectBadInput(() => dropClass(tinySet([A], [0]), 'bored'), /bored/, /angry/);
  });
});

describe('subset of sequences', () => {
  const set: SequenceSet = {
    ...tinySet([A, B, C, A], [6, 3, 0, 1]),
    sequences: [
      { frames: [0, 1, 3], label: 3, subject: 'S1' },
      { frames: [2], label: 0, subject: 'S2' },
      { frames: [3, 2], label: 1, subject: 'S2' },
    ],
    length: 3,
  };

  it('keeps only the images it needs, and each once', () => {
    const part = subsetSequences(set, [2, 1], 'part');
    expect(part.sequences).toEqual([
      { frames: [0, 1], label: 1, subject: 'S2' },
      { frames: [1], label: 0, subject: 'S2' },
    ]);
    expect([...part.images]).toEqual([...A, ...C]);
    expect([...part.labels]).toEqual([1, 0]);
    expect(part.length).toBe(2);
  });

  it('refuses a sequence that is not there', async () => {
    await expectBadInput(() => subsetSequences(set, [3]), 'no sequence 3');
  });
});
