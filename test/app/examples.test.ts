import { readdirSync, readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { EXPRESSIONS } from '../../src/data/dataset';
import { syntheticFaces } from '../../src/data/synthetic';

const FOLDER = 'app/live/examples';
const [SIZE, MARGIN] = [256, 32];

it('every example has its origin and licence in the file beside it', () => {
  const text = readFileSync(`${FOLDER}/README.md`, 'utf8');
  for (const file of readdirSync(FOLDER)) {
    if (file === 'README.md') continue;
    expect(text).toContain(file.startsWith('drawn-') ? 'drawn-*.jpg' : file);
  }
});

it.each(EXPRESSIONS.map((expression, i) => [expression, i] as const))(
  'the drawn example %s is the drawing that the file says',
  async (expression, i) => {
    const { images } = syntheticFaces({
      seed: 1,
      count: i + 1,
      size: SIZE,
      firstIdentity: 9000 + i,
    });
    const drawing = images.subarray(i * SIZE * SIZE);
    const picture = await sharp(`${FOLDER}/drawn-${expression}.jpg`)
      .extract({ left: MARGIN, top: MARGIN, width: SIZE, height: SIZE })
      .toColourspace('b-w')
      .raw()
      .toBuffer();
    expect(picture).toHaveLength(drawing.length);
    const off = picture.reduce((sum, value, k) => sum + Math.abs(value - drawing[k]), 0);
    expect(off / drawing.length).toBeLessThan(6); // what JPEG takes from the grain
  },
);
