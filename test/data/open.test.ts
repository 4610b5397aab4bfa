/** What people have, made from scratch: each kind opened as data, or refused with what to do. */
import sharp from 'sharp';
import { zipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeWithSharp } from '../../cli/decode';
import { classCounts, type ImageSet, type SequenceSet } from '../../src/data/dataset';
import { encodeIdx } from '../../src/data/idx';
import { openFiles } from '../../src/data/open';
import { expectBadInput, gzip, memoryTree } from './fixtures';

type Files = Record<string, Uint8Array | string>;

let greys: Uint8Array[];
beforeAll(async () => {
  greys = await Promise.all(
    Array.from({ length: 60 }, async (_, i) =>
      sharp(Buffer.alloc(64, 4 * i), { raw: { width: 8, height: 8, channels: 1 } })
        .png()
        .toBuffer(),
    ),
  );
});

const open = (files: Files, folders?: string[], name = 'given') =>
  openFiles(memoryTree(files, name, folders), { decode: decodeWithSharp, size: 8 });
const refused = (files: Files, ...messages: (string | RegExp)[]) =>
  expectBadInput(() => open(files), ...messages);

const counts = (sets: Record<string, ImageSet | SequenceSet | undefined>) =>
  Object.fromEntries(
    Object.entries(sets).flatMap(([split, set]) => (set ? [[split, set.count]] : [])),
  );

/** `each` different pictures in each of some folders. */
const pictures = (each: number, ...folders: string[]): Files =>
  Object.fromEntries(
    folders.flatMap((folder, f) =>
      Array.from({ length: each }, (_, i) => [`${folder}/${i}.png`, greys[(f * each + i) % 60]]),
    ),
  );

const row = (label: number, usage?: string) =>
  [label, new Array(2304).fill(9 * label).join(' '), ...(usage ? [usage] : [])].join(',');
const CSV = [
  'emotion,pixels,Usage',
  row(3, 'Training'),
  row(1, 'Training'),
  row(0, 'PublicTest'),
].join('\n');
const distinct = Array.from(
  { length: 35 },
  (_, i) => `${i % 7},${new Array(2304).fill(i).join(' ')}`,
);

describe('a csv', () => {
  it('alone, in a folder, in folders, in a zip, as .csv.gz, and that in a zip', async () => {
    const bytes = new TextEncoder().encode(CSV);
    const packed = await gzip(bytes);
    const all: Files[] = [
      { 'fer2013.csv': CSV },
      { 'data/fer2013/fer2013.csv': CSV },
      { 'fer2013.csv.gz': packed },
      { 'archive.zip': zipSync({ 'fer2013/fer2013.csv': bytes }) },
      { 'archive.zip': zipSync({ 'fer2013.csv.gz': packed }) },
      { 'down/archive.zip': zipSync({ 'fer2013.csv': bytes }) },
    ];
    for (const files of all) {
      const { kind, sets, notes } = await open(files);
      expect(kind).toBe('fer2013');
      expect(counts(sets)).toEqual({ training: 2, publictest: 1 });
      expect(notes).toEqual([]);
    }
  });

  it('names what lies beside it', async () => {
    const { notes } = await open({
      'fer2013.csv': CSV,
      README: 'x',
      'a.txt': 'x',
      'b.txt': 'x',
      'c.TXT': 'x',
    });
    expect(notes).toEqual(['Ignored next to fer2013.csv: 3 .txt, README.']);
  });

  it('is the one that says what its rows are for', async () => {
    const files = {
      'icml_face_data.csv': CSV.replace('emotion,pixels,Usage', 'emotion, pixels, Usage'),
      'train.csv': ['emotion,pixels', ...distinct].join('\n'),
      'test.csv': 'pixels\n1 2 3\n',
      'fer2013.tar.gz': 'x',
    };
    const { kind, sets, notes } = await open(files);
    expect(kind).toBe('fer2013');
    expect(counts(sets)).toEqual({ training: 2, publictest: 1 });
    expect(notes.join()).toContain('test.csv');
    await refused({ 'a.csv': CSV, 'b.csv': CSV }, /given holds a\.csv, b\.csv: open just one/);
  });

  it('without Usage has a fifth of each class held out', async () => {
    const { kind, sets, notes } = await open({
      'train.csv': ['emotion,pixels', ...distinct].join('\n'),
    });
    expect(kind).toBe('images');
    expect(counts(sets)).toEqual({ training: 28, publictest: 7 });
    expect(classCounts(sets.publictest as ImageSet)).toEqual([1, 1, 1, 1, 1, 1, 1]);
    expect(notes).toEqual([expect.stringMatching(/train\.csv has no Usage column/)]);
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
    ['all of them', undefined],
  ])('with lines that end with %s', async (_, end) => {
    const ends = ['\r\n', '\n', '\r'];
    const lines = [
      'emotion,Usage,pixels',
      ...distinct.map((line) => line.replace(',', ',Training,')),
    ];
    const text = lines.map((line, i) => line + (end ?? ends[i % 3])).join('');
    for (const quoted of [text, text.replaceAll(/Training,([\d ]+)/g, 'Training,"$1"')]) {
      const { sets } = await open({ 'a.csv': quoted });
      expect(counts(sets)).toEqual({ training: 35 });
      expect([...sets.training!.labels]).toEqual(distinct.map((line) => Number(line[0])));
    }
  });

  it('with line ends on the borders of pieces', async () => {
    const text = new TextEncoder().encode(CSV.replaceAll('\n', '\r\n') + '\r\n');
    for (const step of [1, 7, 64]) {
      const { files, ...tree } = memoryTree({ 'a.csv': text });
      const stream = () =>
        new ReadableStream<Uint8Array>({
          start(controller) {
            for (let at = 0; at < text.length; at += step)
              controller.enqueue(text.subarray(at, at + step));
            controller.close();
          },
        });
      const opened = openFiles(
        { ...tree, files: [{ ...files[0], stream }] },
        { decode: decodeWithSharp },
      );
      expect(counts((await opened).sets)).toEqual({ training: 2, publictest: 1 });
    }
  });

  it('beside pictures: of labels it is left out, of faces it is asked about', async () => {
    const faces = pictures(10, 'happy', 'sad');
    const { sets, notes } = await open({ ...faces, 'labels.csv': 'file,label\na.png,3\n' });
    expect(counts(sets)).toEqual({ training: 16, publictest: 4 });
    expect(notes).toEqual([
      'Left out, because only PNG, JPEG, WebP or BMP can be read: labels.csv.',
    ]);
    await refused(
      { ...faces, 'fer2013.csv': CSV },
      /folders of pictures and fer2013\.csv: open just one/,
    );
  });

  it('that is none says what is wrong with it', async () => {
    await refused({ 'notes.csv': 'dear diary\nnothing\n' }, /notes\.csv: the header has no column/);
    await refused({ 'a.csv.gz': await gzip(new TextEncoder().encode('a,b\n1,2\n')) }, /no column/);
    const cut = (await gzip(new TextEncoder().encode(CSV))).slice(0, -30);
    await refused({ 'fer2013.csv.gz': cut }, /fer2013\.csv\.gz: the gzip file is damaged/);
  });
});

describe('IDX files', () => {
  const files = {
    'training-images-idx3-ubyte': encodeIdx([2, 2, 2], new Uint8Array(8)),
    'training-labels-idx1-ubyte': encodeIdx([2], Uint8Array.of(6, 3)),
  };
  const within = (folder: string) =>
    Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${folder}/${path}`, bytes]));

  it('in a folder, and in a zip', async () => {
    for (const given of [within('fer'), { 'a.zip': zipSync(within('fer')) }]) {
      const { kind, sets } = await open(given);
      expect(kind).toBe('fer2013');
      expect(counts(sets)).toEqual({ training: 2 });
    }
  });

  it('name what lies beside them, and are asked about in two folders', async () => {
    const { notes } = await open({ ...files, 'a.md': '', 'training-x-idx1-int.gz': '' });
    expect(notes).toEqual(['Ignored next to the IDX files: a.md, training-x-idx1-int.gz.']);
    await refused({ ...within('a'), ...within('b') }, /holds IDX files in a\/, b\/: open just one/);
  });
});

describe('an archive that is not read', () => {
  it.each(['fer2013.tar.gz', 'a.tgz', 'a.tar'])('%s says how to unpack it', (name) =>
    refused({ [name]: 'x' }, name, /this kind of archive is not supported: unpack it \(tar xf /),
  );
  it.each(['a.rar', 'a.7z', 'a.gz'])('%s', (name) =>
    refused({ [name]: 'x' }, /unpack it and open/),
  );
  it('two zips', () => refused({ 'a.zip': 'x', 'b.zip': 'y' }, /a\.zip, b\.zip: open one \.zip/));
  it('a zip in a zip in a zip', async () => {
    const inner = zipSync({ 'b.zip': zipSync({ 'fer2013.csv': new TextEncoder().encode(CSV) }) });
    await refused({ 'a.zip': inner }, /a\.zip: expected .*found only b\.zip/);
  });
});

describe('a folder of pictures', () => {
  it('with folders of other things beside its classes or splits', async () => {
    const clutter = {
      'logs/a.txt': 'x',
      '__pycache__/x.pyc': 'x',
      '@eaDir/happy/0.png/x.jpg': 'x',
    };
    const plain = await open({ ...pictures(10, 'happy', 'sad'), ...clutter }, ['logs', 'models']);
    expect(counts(plain.sets)).toEqual({ training: 16, publictest: 4 });
    expect(plain.notes).toEqual([
      'Left out, because only PNG, JPEG, WebP or BMP can be read: logs/a.txt.',
      'No pictures in: logs, models.',
    ]);
    const split = {
      ...pictures(6, 'train/happy', 'train/sad'),
      ...pictures(2, 'val/happy', 'val/sad'),
    };
    const { sets, notes } = await open({ ...split, ...clutter });
    expect(counts(sets)).toEqual({ training: 12, publictest: 4 });
    expect(notes).toEqual([
      'Left out, because only PNG, JPEG, WebP or BMP can be read: logs/a.txt.',
    ]);
  });

  it('with an empty class, with or without a folder for it', async () => {
    const files = {
      ...pictures(6, 'train/happy', 'train/sad', 'train/cat'),
      ...pictures(2, 'val/happy', 'val/sad'),
    };
    for (const folders of [[], ['val', 'val/cat']]) {
      const { sets, notes } = await open(files, folders);
      expect(sets.publictest!.classes).toEqual(['cat', 'happy', 'sad']);
      expect(classCounts(sets.publictest as ImageSet)).toEqual([0, 2, 2]);
      expect(notes).toEqual(['val has no pictures of cat.']);
    }
    const plain = await open(pictures(10, 'happy', 'sad'), ['happy', 'sad', 'fear', 'fear/new']);
    expect(plain.notes).toEqual(['No pictures in: fear.']);
  });

  it.each([
    ['splits', ['train/a', 'train/b', 'val/a', 'val/b'], 'images', /same splits twice, train, val/],
    ['classes', ['happy', 'sad'], 'faces', /same classes twice, happy, sad/],
  ])('that holds the same %s twice', async (_, folders, around, message) => {
    const twice = pictures(4, ...folders, ...folders.map((folder) => `${around}/${folder}`));
    await refused(twice, message, `in ${around}: open ${around} by itself`);
    const deep = Object.entries(twice).map(([path, bytes]) => [`${around}/${path}`, bytes]);
    await refused(Object.fromEntries(deep), `open ${around}/${around} by itself`);
  });

  it('in folders around everything, also inside a split', async () => {
    const files = pictures(6, 'x/y/train/train/a', 'x/y/train/train/b', 'x/y/test/a', 'x/y/test/b');
    expect(counts((await open(files)).sets)).toEqual({ training: 12, publictest: 12 });
  });

  it('with the splits inside the classes', async () => {
    const files = pictures(5, 'a/train', 'a/test', 'b/train', 'b/test');
    expect(counts((await open(files)).sets)).toEqual({ training: 10, publictest: 10 });
  });

  it('with stills one folder deeper', async () => {
    const collectors = ['ann', 'bob', 'cyd'].flatMap((who) => [`happy/${who}`, `sad/${who}`]);
    const { kind, sets, notes } = await open({
      ...pictures(5, ...collectors),
      'sad/x.png': greys[59],
    });
    expect(kind).toBe('images');
    expect(sets.training!.count + sets.publictest!.count).toBe(31);
    expect(notes).toEqual([
      expect.stringMatching(/30 pictures .*happy\/ann and 5 more, are read as stills/),
    ]);
  });

  it('of sequences says that it took them so, and what it kept', async () => {
    const folders = ['ann', 'bob', 'cyd', 'dan', 'eve'].flatMap((who) => [
      `a/${who}/1`,
      `b/${who}/1`,
    ]);
    const { kind, sets, notes } = await open(pictures(6, ...folders));
    expect(kind).toBe('sequences');
    const all = [sets.training, sets.publictest] as SequenceSet[];
    expect(all.map(({ sequences }) => sequences.length)).toEqual([8, 2]);
    expect(notes).toEqual([
      expect.stringMatching(/a\/ann\/1 and 9 more are read as sequences/),
      expect.stringMatching(/10 sequences up to 4 pictures each are kept, 40 of 60/),
    ]);
  });

  it('with pictures outside the classes', async () => {
    const { notes } = await open({ ...pictures(10, 'happy', 'sad'), 'cover.png': greys[3] });
    expect(notes).toEqual(['Left out, because they are not in a class folder: cover.png.']);
    await refused({ 'a.png': greys[0], 'b.png': greys[1] }, /no class folders: sort them/);
  });

  it('with formats that are not read', async () => {
    const heic = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`happy/${i}.HEIC`, 'x']));
    const { sets, notes } = await open({
      ...pictures(5, 'happy', 'sad'),
      ...heic,
      'sad/a.gif': 'x',
    });
    expect(counts(sets)).toEqual({ training: 8, publictest: 2 });
    expect(notes).toEqual([
      'Left out, because only PNG, JPEG, WebP or BMP can be read: 7 .HEIC, sad/a.gif.',
    ]);
    await refused(
      heic,
      /given contains no PNG, JPEG, WebP or BMP, only 7 \.HEIC|found only 7 \.HEIC/,
    );
  });

  it('as .jfif, .JPG and .bmp', async () => {
    const { bmpOf } = await import('./bmp_fixtures');
    const jpeg = (i: number) => sharp(greys[i]).jpeg().toBuffer();
    const files = {
      ...pictures(4, 'happy', 'sad'),
      'happy/a.jfif': await jpeg(20),
      'happy/b.JPG': await jpeg(30),
      'sad/a.bmp': bmpOf(24),
      'sad/b.DIB': bmpOf(8),
    };
    const { sets, notes } = await open(files);
    expect(sets.training!.count + sets.publictest!.count).toBe(12);
    expect(notes).toEqual([]);
  });
});

it('nothing at all says what is wanted', async () => {
  await refused({}, /given: no files found; expected fer2013\.csv/);
  await refused({ '.DS_Store': 'x' }, /given: no files found/);
  await refused({ 'a.txt': 'x', 'b.mp4': 'x' }, /given: expected .*found only a\.txt, b\.mp4/);
});
