import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import { readImages } from '../../cli/images';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-images-'));
afterAll(() => rmSync(folder, { recursive: true }));
const SIDE = 48;

/** A picture of one colour, with its left half in another. */
function halves(width: number, height: number, left: number[], right: number[]) {
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    pixels.set(i % width < width / 2 ? left : right, i * 3);
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

it('takes a grey picture of 48x48 as it is', async () => {
  const pixels = Buffer.from(Array.from({ length: SIDE * SIDE }, (_, i) => (i * 37) % 256));
  const path = join(folder, 'grey.png');
  await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } })
    .png()
    .toFile(path);
  const set = await readImages([path], ['a', 'b']);
  expect(Buffer.compare(set.images, pixels)).toBe(0);
  expect(set).toMatchObject({ name: 'grey.png', width: SIDE, height: SIDE, count: 1 });
});

it('weighs colours, takes the middle square and shrinks', async () => {
  const path = join(folder, 'wide.png');
  await halves(960, 480, [255, 0, 0], [0, 255, 0]).png().toFile(path);
  const { images } = await readImages([path, path], ['a', 'b']);
  expect(images.length).toBe(2 * SIDE * SIDE);
  expect(images[5 * SIDE + 2]).toBe(Math.round(0.299 * 255));
  expect(images[5 * SIDE + 45]).toBe(Math.round(0.587 * 255));
});

it('turns a photograph as the camera held it', async () => {
  const path = join(folder, 'turned.jpg');
  // Orientation 6: to be turned clockwise by 90 degrees, so that left becomes top.
  await halves(96, 96, [0, 0, 0], [255, 255, 255])
    .jpeg({ quality: 100 })
    .withMetadata({ orientation: 6 })
    .toFile(path);
  const { images } = await readImages([path], ['a', 'b']);
  expect(images[4 * SIDE + 4]).toBeLessThan(10);
  expect(images[4 * SIDE + 44]).toBeLessThan(10);
  expect(images[44 * SIDE + 4]).toBeGreaterThan(245);
});

it('names a file that is no image', async () => {
  const path = join(folder, 'text.png');
  writeFileSync(path, 'no image');
  await expect(readImages([path], ['a'])).rejects.toThrow(
    /text\.png: expected a PNG, JPEG, WebP or BMP/,
  );
  await expect(readImages([join(folder, 'none.png')], ['a'])).rejects.toThrow(/none\.png/);
});
