import { describe, expect, it } from 'vitest';
import { corrupt, CORRUPTIONS } from '../../src/data/corrupt';
import { syntheticFaces } from '../../src/data/synthetic';
import { expectBadInput } from './fixtures';

const faces = syntheticFaces({ seed: 1, count: 3 });
const distance = (a: Uint8Array, b: Uint8Array) =>
  Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0) / a.length);

describe('pictures spoilt on purpose', () => {
  it.each(Object.keys(CORRUPTIONS))('%s changes them, by a fixed rule', (name) => {
    const spoilt = [1, 2, 3, 4, 5].map((level) => corrupt(faces, name, level).images);
    for (const images of spoilt) expect(distance(images, faces.images)).toBeGreaterThan(1);
    expect(corrupt(faces, name, 3).images).toEqual(spoilt[2]);
    // From one side to the other, or ever more.
    expect(distance(spoilt[4], spoilt[0])).toBeGreaterThan(1);
  });

  it('covers eyes and mouth where they are, and nothing else', () => {
    const { images } = corrupt(faces, 'eyes', 5);
    const changed = [...images.subarray(0, 2304).keys()].filter(
      (i) => images[i] !== faces.images[i],
    );
    const rows = changed.map((i) => Math.floor(i / 48));
    expect([Math.min(...rows), Math.max(...rows)]).toEqual([12, 21]);
    expect(images.subarray(12 * 48, 22 * 48).every((x) => x === 128)).toBe(true);
  });

  it('is gamma as a table has it', () => {
    const { images } = corrupt(faces, 'gamma', 4);
    faces.images.forEach((x, i) => expect(images[i]).toBe(Math.round(255 * (x / 255) ** 2)));
  });

  it('is refused for what there is not', async () => {
    await expectBadInput(() => corrupt(faces, 'fog', 1), /no corruption fog:1/);
    await expectBadInput(() => corrupt(faces, 'blur', 6), /no corruption blur:6/);
  });
});
