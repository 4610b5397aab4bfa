import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeWithSharp } from '../../cli/decode';
import { openData } from '../../cli/source';
import { EXPRESSIONS, type SequenceSet } from '../../src/data/dataset';
import { treeOfFiles } from '../../src/data/file_tree';
import { loadImageFolder } from '../../src/data/image_folder';
import { pictureHeader } from '../../src/data/picture_header';
import { cutSquare, greySquare, type Picture } from '../../src/data/pictures';
import { openZip } from '../../src/data/zip';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-folders-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A png of one grey. */
const flat = (grey: number, side = 8) =>
  sharp({
    create: { width: side, height: side, channels: 3, background: { r: grey, g: grey, b: grey } },
  })
    .png()
    .toBuffer();

function tree(files: Record<string, Uint8Array>, folders: string[] = []) {
  const entries = Object.entries(files).map(([path, bytes]) => ({ path, read: async () => bytes }));
  return { name: 'faces', files: entries, folders };
}

let greys: Buffer[];
beforeAll(async () => {
  greys = await Promise.all(Array.from({ length: 40 }, (_, i) => flat(i * 6)));
});

const options = { decode: decodeWithSharp, size: 8 };

/** Ten pictures in each of two classes. */
const twoClasses = (prefix = '') =>
  Object.fromEntries(
    greys
      .slice(0, 20)
      .map((bytes, i) => [`${prefix}${i < 10 ? 'anger' : 'Happy'}/${i}.png`, bytes]),
  );

describe('folders by class', () => {
  it('are not those around them that hold the same expressions', async () => {
    const files = (name: (i: number) => string) =>
      Object.fromEntries(greys.map((bytes, i) => [`${name(i)}/${i}.png`, bytes]));
    const folds = files((i) => `fold${i % 5}/${i % 2 ? 'sad' : 'Happy'}`);
    await expect(loadImageFolder(tree(folds), options)).rejects.toThrow(
      /fold0, .* are not classes, as .*Happy.* are inside them: rename them to train/,
    );
    // Names that are no expressions may be anything, and expressions outermost are the classes.
    const collectors = files((i) => `${i % 2 ? 'sad' : 'Happy'}/collector${i % 3}`);
    expect((await loadImageFolder(tree(collectors), options)).kind).toBe('images');
  });

  it('are known with blanks around their names, and by dev and eval', async () => {
    const splits = ['train', 'dev', 'eval'];
    const files = Object.fromEntries(
      greys.map((bytes, i) => [`${splits[i % 3]}/${i % 2 ? ' sad' : 'Happy '}/${i}.png`, bytes]),
    );
    const { sets } = await loadImageFolder(tree(files), options);
    expect(Object.keys(sets).sort()).toEqual(['privatetest', 'publictest', 'training']);
    expect(sets.training!.classes).toEqual(EXPRESSIONS);
  });

  it('are stills with a fold held out, under FER2013’s names', async () => {
    const { kind, sets } = await loadImageFolder(tree(twoClasses()), options);
    expect(kind).toBe('images');
    expect(sets.training!.classes).toEqual(EXPRESSIONS);
    expect(sets.training!.count + sets.publictest!.count).toBe(20);
    expect(sets.publictest!.count).toBeGreaterThan(0);
    // Picture i has the grey 6 i: the label shows that it is the right one.
    for (const set of [sets.training!, sets.publictest!]) {
      for (let i = 0; i < set.count; i++) {
        expect(set.labels[i]).toBe(set.images[i * 64] / 6 < 10 ? 0 : 3);
      }
    }
  });

  it('deal out every picture to exactly one fold, and copies to the same', async () => {
    const files = twoClasses();
    for (let i = 0; i < 10; i++) files[`anger/copy${i}.png`] = greys[i];
    const seen: number[] = [];
    for (let fold = 0; fold < 3; fold++) {
      const { sets } = await loadImageFolder(tree(files), { ...options, folds: 3, fold });
      const held = new Set([...sets.publictest!.images]);
      expect([...sets.training!.images].some((pixel) => held.has(pixel))).toBe(false);
      seen.push(...held);
    }
    expect(seen.length).toBe(20);
  });

  it('other names are classes in their order', async () => {
    const files = { 'dog/1.png': greys[1], 'cat/2.png': greys[2], 'cat/3.png': greys[3] };
    const { sets } = await loadImageFolder(tree(files), { ...options, folds: 2 });
    expect(sets.training!.classes).toEqual(['cat', 'dog']);
  });

  it('in folders of splits stay where they are, below folders around everything', async () => {
    const files = { ...twoClasses('data/fer/train/'), 'data/fer/test/sad/x.png': greys[30] };
    const { sets } = await loadImageFolder(tree(files), options);
    expect(sets.training!.count).toBe(20);
    expect([...sets.publictest!.labels]).toEqual([4]);
    expect(sets.privatetest).toBeUndefined();
  });

  it('clutter and other files are not looked at', async () => {
    const files = {
      ...twoClasses(),
      '.DS_Store': greys[0],
      'anger/._1.png': new Uint8Array(3),
      '__MACOSX/anger/1.png': new Uint8Array(3),
      'readme.txt': new Uint8Array(3),
    };
    const { sets } = await loadImageFolder(tree(files), options);
    expect(sets.training!.count + sets.publictest!.count).toBe(20);
  });
});

describe('a crop', () => {
  /** Takes the upper left quarter, and leaves out greys in `without`. */
  const cropping =
    (...without: number[]) =>
    async (picture: Picture) =>
      without.includes(picture.data[0]) ? undefined : cutSquare(picture, { x: 0, y: 0, width: 4 });

  it('stands in for the picture, and what has none is left out and named', async () => {
    const given = { ...options, crop: cropping(12, 66) };
    const { sets, notes } = await loadImageFolder(tree(twoClasses()), given);
    expect(sets.training!.count + sets.publictest!.count).toBe(18);
    for (const set of [sets.training!, sets.publictest!]) {
      for (let i = 0; i < set.count; i++) {
        expect(set.labels[i]).toBe(set.images[i * 64] / 6 < 10 ? 0 : 3);
        expect([12, 66]).not.toContain(set.images[i * 64]);
      }
    }
    expect(notes).toEqual([
      'faces: no face was found in 2 of 20 pictures, which are left out (faces/Happy/11.png, faces/anger/2.png).',
    ]);
  });

  it('of sequences leaves out frames, and sequences without any', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [
        `${i % 6 < 3 ? 'happy' : 'sadness'}/S00${i < 6 ? 1 : 2}_00${i % 6 < 3 ? 1 : 2}_0000000${i % 3}.png`,
        greys[i],
      ]),
    );
    const given = { ...options, folds: 2, crop: cropping(6, 18, 24, 30) };
    const { sets } = await loadImageFolder(tree(files), given);
    const all = [sets.training, sets.publictest] as SequenceSet[];
    const shown = all.flatMap(({ sequences, images }) =>
      sequences.map(({ frames }) => frames.map((frame) => images[frame * 64] / 6).join()),
    );
    expect(shown.sort()).toEqual(['0,2', '6,7,8', '9,10,11']);
  });

  it('that finds nothing anywhere is an error', async () => {
    const nothing = async () => undefined;
    const loading = loadImageFolder(tree(twoClasses()), { ...options, crop: nothing });
    await expect(loading).rejects.toThrow(/no face was found in any of its pictures/);
  });

  it('that reaches outside repeats the edge', () => {
    const data = Uint8Array.from({ length: 16 }, (_, i) => Math.floor(i / 4));
    const cut = cutSquare({ width: 2, height: 2, data }, { x: -1, y: 0.4, width: 3 });
    const first = (i: number) => cut.data[4 * i];
    expect(cut).toMatchObject({ width: 3, height: 3 });
    expect(Array.from({ length: 9 }, (_, i) => first(i))).toEqual([0, 0, 1, 2, 2, 3, 2, 2, 3]);
  });
});

describe('sequences', () => {
  const check = (set: SequenceSet, subjects: number) => {
    expect(new Set(set.sequences.map(({ subject }) => subject)).size).toBe(subjects);
  };

  it('by file name are split by subject and keep their order', async () => {
    const files: Record<string, Uint8Array> = {};
    for (let s = 0; s < 5; s++) {
      for (const frame of [10, 9, 11]) {
        files[`happy/S00${s}_001_000000${String(frame).padStart(2, '0')}.png`] = greys[frame];
        files[`sadness/S00${s}_002_000000${String(frame).padStart(2, '0')}.png`] = greys[frame + 5];
      }
    }
    const { kind, sets } = await loadImageFolder(tree(files), options);
    expect(kind).toBe('sequences');
    const { training, publictest } = sets as Record<string, SequenceSet>;
    check(training, 4);
    check(publictest, 1);
    const names = new Set(training.sequences.map(({ subject }) => subject));
    expect(publictest.sequences.some(({ subject }) => names.has(subject))).toBe(false);
    const [first] = publictest.sequences;
    expect(first.frames.map((frame) => publictest.images[frame * 64])).toEqual([54, 60, 66]);
  });

  it('as folders of subjects and sequences', async () => {
    const files: Record<string, Uint8Array> = {};
    for (const subject of ['ann', 'bob']) {
      for (const label of ['fear', 'disgust']) {
        for (let i = 0; i < 9; i++) files[`${label}/${subject}/take1/${i}.png`] = greys[i];
      }
    }
    const { sets } = await loadImageFolder(tree(files), { ...options, folds: 2, frames: 3 });
    const set = sets.training as SequenceSet;
    check(set, 1);
    expect(set.sequences.length).toBe(2);
    // The first, the middle and the last of nine.
    expect(set.sequences[0].frames.map((f) => set.images[f * 64])).toEqual([0, 24, 48]);
  });

  it('of CK+ take the emotion from its file and leave out contempt and the unlabelled', async () => {
    const files: Record<string, Uint8Array> = {};
    for (const [subject, emotion] of [
      ['S005', 3],
      ['S010', 7],
      ['S011', 2],
      ['S012', 0],
    ] as const) {
      for (let i = 1; i < 4; i++) {
        files[`cohn-kanade-images/${subject}/001/${subject}_001_0000000${i}.png`] = greys[i];
      }
      const text = `   ${emotion}.0000000e+00\n`;
      if (emotion) {
        files[`Emotion/${subject}/001/${subject}_001_00000003_emotion.txt`] =
          new TextEncoder().encode(text);
      }
    }
    const { sets } = await loadImageFolder(tree(files), { ...options, folds: 2 });
    const all = [sets.training, sets.publictest].flatMap((set) => (set as SequenceSet).sequences);
    expect(all.map(({ label }) => EXPRESSIONS[label]).sort()).toEqual(['disgust', 'surprise']);
  });
});

describe('pictures', () => {
  const half = (a: number[], b: number[], channels: 3 | 4) =>
    sharp(Buffer.from([...a, ...b]), { raw: { width: 2, height: 1, channels } });

  it('with alpha lie over white, or over the background that is named', async () => {
    const png = await half([0, 0, 0, 0], [0, 0, 0, 255], 4).png().toBuffer();
    const picture = await decodeWithSharp(png, 'x.png');
    expect(picture.data[3]).toBe(0);
    const square = { ...picture, width: 1, height: 1 };
    expect([...greySquare(square, { size: 1 })]).toEqual([255]);
    expect([...greySquare(square, { size: 1, background: 0 })]).toEqual([0]);
  });

  it.each(['b-w', 'rgb'] as const)('of 16 bits are read as 8: %s', async (space) => {
    const channels = space === 'b-w' ? 1 : 3;
    const pixels = Uint16Array.from({ length: 4 * channels }, () => 0x8000);
    const png = await sharp(pixels, { raw: { width: 2, height: 2, channels } })
      .toColourspace(space === 'b-w' ? 'grey16' : 'rgb16')
      .png()
      .toBuffer();
    expect(png[24]).toBe(16); // IHDR's bit depth
    const grey = greySquare(await decodeWithSharp(png, 'x.png'), { size: 2 });
    for (const value of grey) expect(Math.abs(value - 128)).toBeLessThanOrEqual(1);
  });

  it('grey, palette, jpeg and webp', async () => {
    const base = sharp(Buffer.alloc(64 * 3, 100), { raw: { width: 8, height: 8, channels: 3 } });
    const files = await Promise.all([
      base.clone().greyscale().png().toBuffer(),
      base.clone().png({ palette: true }).toBuffer(),
      base.clone().jpeg().toBuffer(),
      base.clone().greyscale().jpeg({ progressive: true }).toBuffer(),
      base.clone().webp({ lossless: true }).toBuffer(),
      base.clone().webp().toBuffer(),
      base.clone().ensureAlpha(0.5).webp().toBuffer(),
    ]);
    for (const [i, file] of files.entries()) {
      const { width, height } = pictureHeader(file, 'x');
      expect([width, height]).toEqual([8, 8]);
      const wanted = i === 6 ? 178 : 100;
      const grey = greySquare(await decodeWithSharp(file, 'x'), { size: 3 });
      for (const value of grey) expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1);
    }
  });

  it('resize keeps a ramp a ramp and a mean a mean', () => {
    const data = new Uint8Array(64 * 64 * 4).fill(255);
    for (let i = 0; i < 64 * 64; i++) data.fill((i % 64) * 4, i * 4, i * 4 + 3);
    const small = greySquare({ width: 64, height: 64, data }, { size: 8 });
    expect([...small.subarray(8, 16)].slice(1, 7)).toEqual([46, 78, 110, 142, 174, 206]);
    const large = greySquare({ width: 64, height: 64, data }, { size: 128 });
    expect([...large.subarray(2, 6)]).toEqual([3, 5, 7, 9]);
  });
});

describe('the same through a zip, files of a page, and the disk', () => {
  it('gives the same set', async () => {
    const files = twoClasses('faces/');
    const wanted = await loadImageFolder({ ...tree(files), name: 'x' }, options);
    const zipped = zipSync(files, { level: 6 });
    const fromZip = await openZip(new Blob([zipped as Uint8Array<ArrayBuffer>]), 'x');
    expect(await loadImageFolder(fromZip, options)).toEqual(wanted);
    const chosen = Object.entries(files).map(([path, bytes]) => {
      const file = new File([bytes as Uint8Array<ArrayBuffer>], path.split('/').at(-1)!);
      return Object.defineProperty(file, 'webkitRelativePath', { value: path });
    });
    expect(await loadImageFolder(treeOfFiles(chosen, 'x'), options)).toEqual(wanted);
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    writeFileSync(join(folder, 'faces.zip'), zipped);
    const spec = { without: [], lastFrame: false, fold: 0 };
    const disk = await openData({ ...spec, data: join(folder, 'faces') });
    const zip = await openData({ ...spec, data: join(folder, 'faces.zip') });
    expect(disk.kind).toBe('images');
    expect(disk.sets.training!.count + disk.sets.publictest!.count).toBe(20);
    expect(disk.sets.training!.width).toBe(48);
    expect(zip.sets.training!.images).toEqual(disk.sets.training!.images);
    expect(zip.sets.publictest!.labels).toEqual(disk.sets.publictest!.labels);
  });
});
