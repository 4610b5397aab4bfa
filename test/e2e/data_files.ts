/** Small data sets of drawn faces, written as people have theirs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { encodeIdx } from '../../src/data/idx';
import { syntheticFaces } from '../../src/data/synthetic';

/** Classes 3, 4 and 5 of the drawings, under names of one's own. */
export const NAMES = ['beaming', 'crying', 'gasping'];
const FIRST = 3;
const SIZE = 48;
const AREA = SIZE * SIZE;

export interface Drawing {
  pixels: Uint8Array;
  /** 0 to 6, FER2013's. */
  label: number;
}

/** So many drawings of each of three classes. */
export function drawings(each: number, seed: number): Drawing[] {
  const { images, labels } = syntheticFaces({ seed, count: 7 * each, firstIdentity: 1000 * seed });
  return Array.from(labels, (label, i) => ({
    label,
    pixels: images.slice(i * AREA, (i + 1) * AREA),
  })).filter(({ label }) => label >= FIRST && label < FIRST + NAMES.length);
}

/** Pictures by their place: `beaming/0.png`, … */
async function pictures(drawn: Drawing[], folder: string): Promise<Record<string, Buffer>> {
  const entries = drawn.map(async ({ pixels, label }, i) => {
    const png = await sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 1 } })
      .png()
      .toBuffer();
    return [`${folder}${NAMES[label - FIRST]}/${i}.png`, png] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** `archive/Training/beaming/0.png`, `archive/Test/…`: a zip as they are found on the web. */
export async function writeZip(path: string, train: Drawing[], test: Drawing[]): Promise<void> {
  const files = {
    ...(await pictures(train, 'archive/Training/')),
    ...(await pictures(test, 'archive/Test/')),
    '__MACOSX/archive/._Training': Buffer.from('clutter'),
  };
  writeFileSync(path, zipSync(files));
}

/** `beaming/0.png`, …: a folder without splits. */
export async function writeFolder(path: string, drawn: Drawing[]): Promise<void> {
  for (const [place, png] of Object.entries(await pictures(drawn, ''))) {
    mkdirSync(dirname(join(path, place)), { recursive: true });
    writeFileSync(join(path, place), png);
  }
}

/** As FER2013 is published. */
export function writeCsv(path: string, train: Drawing[], test: Drawing[]): void {
  const row = (usage: string) => (drawing: Drawing) =>
    `${drawing.label},${drawing.pixels.join(' ')},${usage}\n`;
  const rows = [...train.map(row('Training')), ...test.map(row('PublicTest'))];
  writeFileSync(path, `emotion,pixels,Usage\n${rows.join('')}`);
}

/** Four files, the pictures gzipped. @returns their paths */
export function writeIdx(folder: string, train: Drawing[], test: Drawing[]): string[] {
  return Object.entries({ training: train, publictest: test }).flatMap(([split, drawn]) => {
    const images = encodeIdx([drawn.length, SIZE, SIZE], concat(drawn));
    const labels = encodeIdx(
      [drawn.length],
      Uint8Array.from(drawn, ({ label }) => label),
    );
    const places = [`${split}-images-idx3-ubyte.gz`, `${split}-labels-idx1-ubyte`];
    const paths = places.map((place) => join(folder, place));
    writeFileSync(paths[0], gzipSync(images));
    writeFileSync(paths[1], labels);
    return paths;
  });
}

function concat(drawn: Drawing[]): Uint8Array {
  const all = new Uint8Array(drawn.length * AREA);
  drawn.forEach(({ pixels }, i) => all.set(pixels, i * AREA));
  return all;
}
