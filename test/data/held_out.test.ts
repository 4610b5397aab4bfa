import { describe, expect, it } from 'vitest';
import { classCounts } from '../../src/data/dataset';
import { holdOut } from '../../src/data/held_out';
import { expectBadInput, tinySet } from './fixtures';

/** Different pictures, `each` of each of the first classes. */
const different = (each: number, classes: number) =>
  tinySet(
    Array.from({ length: each * classes }, (_, i) => [i & 255, i >> 8, 3, 4]),
    Array.from({ length: each * classes }, (_, i) => i % classes),
  );

describe('what is held out', () => {
  it.each([
    [12, 2],
    [7, 7],
    [103, 3],
  ])('is a fifth of each class: %i of each of %i', (each, classes) => {
    const set = different(each, classes);
    const sizes: number[] = [];
    const seen: string[] = [];
    for (let fold = 0; fold < 5; fold++) {
      const { training, publictest } = holdOut(set, { fold });
      expect(training.count + publictest.count).toBe(set.count);
      sizes.push(publictest.count);
      const counts = classCounts(publictest).slice(0, classes);
      for (const count of counts) {
        expect([Math.floor(each / 5), Math.ceil(each / 5)]).toContain(count);
      }
      for (let i = 0; i < publictest.count; i++) {
        seen.push(publictest.images.slice(4 * i, 4 * i + 4).join());
      }
    }
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    expect(new Set(seen).size).toBe(set.count);
  });

  it('holds no copy of what is learnt from, also under another label', () => {
    const set = different(10, 2);
    const copies = tinySet(
      [...Array(40)].map((_, i) => [...set.images.slice(4 * (i % 20), 4 * (i % 20) + 4)]),
      [...Array(40)].map((_, i) => (i < 20 ? set.labels[i] : 1 - set.labels[i - 20])),
    );
    const { training, publictest } = holdOut(copies, {});
    const pictures = ({ images, count }: typeof set) =>
      new Set([...Array(count)].map((_, i) => images.slice(4 * i, 4 * i + 4).join()));
    const held = pictures(publictest);
    expect([...pictures(training)].filter((picture) => held.has(picture))).toEqual([]);
    expect(publictest.count).toBe(8);
  });

  it('follows from the seed, not from the order', () => {
    const set = different(20, 3);
    const pixels = (seed: number) => [...holdOut(set, { seed }).publictest.images];
    expect(pixels(1)).toEqual(pixels(1));
    expect(pixels(1)).not.toEqual(pixels(2));
  });

  it('is refused of too few, and for a fold that there is not', async () => {
    await expectBadInput(
      () =>
        holdOut(
          tinySet(
            [
              [1, 1, 1, 1],
              [1, 1, 1, 1],
            ],
            [0, 1],
          ),
          {},
        ),
      /too few for 5 folds/,
    );
    for (const wrong of [{ fold: 5 }, { fold: -1 }, { folds: 1 }, { fold: 0.5 }]) {
      await expectBadInput(() => holdOut(different(5, 2), wrong), /fold .* does not exist/);
    }
  });
});
