import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPRESSIONS } from '../../src/data/dataset';
import { encodeIdx } from '../../src/data/idx';
import { treeOfFiles } from '../../src/data/file_tree';
import { loadCkPlusFolder, loadFer2013Folder, splitBySubject } from '../../src/data/load';
import { diskTree } from '../../src/data/node_files';
import { expectBadInput, gzip, memoryTree } from './fixtures';

const images = encodeIdx([2, 2, 2], Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
const labels = encodeIdx([2], Uint8Array.of(6, 3));

describe('a folder of FER2013 files', () => {
  it('gives the splits that are there', async () => {
    const folder = memoryTree({
      'training-images-idx3-ubyte.gz': await gzip(images),
      'training-labels-idx1-ubyte': labels,
    });
    const sets = await loadFer2013Folder(folder);
    expect(sets.training).toMatchObject({ name: 'fer2013 training', count: 2, width: 2 });
    expect([...sets.training!.labels]).toEqual([6, 3]);
    expect(sets.publictest).toBeUndefined();
  });

  it('reads files that a person chose in a page', async () => {
    const folder = treeOfFiles([
      new File([images], 'publictest-images-idx3-ubyte'),
      new File([labels], 'publictest-labels-idx1-ubyte'),
    ]);
    expect((await loadFer2013Folder(folder)).publictest!.count).toBe(2);
  });

  it('says which file of a pair is missing', async () => {
    const half = { 'training-images-idx3-ubyte': images };
    await expectBadInput(
      () => loadFer2013Folder(memoryTree(half)),
      'memory',
      'no training-labels-idx1-ubyte',
    );
    await expectBadInput(
      () => loadFer2013Folder(memoryTree({ 'training-labels-idx1-ubyte': labels })),
      'no training-images-idx3-ubyte',
    );
  });

  it('says that none of the wanted splits is there', async () => {
    await expectBadInput(
      () => loadFer2013Folder(memoryTree({}), ['privatetest']),
      /memory has none of the FER2013 splits privatetest/,
    );
  });
});

describe('paths on a disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'facegrad-'));
    await writeFile(join(folder, 'training-images-idx3-ubyte.gz'), await gzip(images));
    await writeFile(join(folder, 'training-labels-idx1-ubyte'), labels);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('a folder', async () => {
    expect((await loadFer2013Folder(await diskTree(folder))).training!.count).toBe(2);
  });

  it('one file, by places and piece by piece', async () => {
    const { name, files } = await diskTree(join(folder, 'training-labels-idx1-ubyte'));
    expect(name).toBe('training-labels-idx1-ubyte');
    const [{ path, size, read, stream, slice }] = files;
    expect([path, size]).toEqual([name, labels.length]);
    expect([...(await read())]).toEqual([...labels]);
    expect([...(await slice!(3, 4))]).toEqual([...labels.slice(3, 7)]);
    const streamed = await new Response(stream!()).arrayBuffer();
    expect([...new Uint8Array(streamed)]).toEqual([...labels]);
  });

  it('nothing at all', () => expectBadInput(() => diskTree(join(folder, 'gone')), /gone: ENOENT/));

  it('a file that has gone since', async () => {
    const path = join(folder, 'soon-gone');
    await writeFile(path, 'x');
    const [file] = (await diskTree(path)).files;
    await rm(path);
    await expectBadInput(() => file.read(), /soon-gone: ENOENT/);
    await expectBadInput(() => file.slice!(0, 1), /soon-gone: ENOENT/);
    await expectBadInput(() => new Response(file.stream!()).arrayBuffer(), /soon-gone: ENOENT/);
  });
});

describe('CK+', () => {
  const file = (sequences: unknown) => ({
    'ckplus48-images-idx3-ubyte': encodeIdx([5, 1, 1], Uint8Array.of(10, 20, 30, 40, 50)),
    'ckplus48-labels-idx1-ubyte': encodeIdx([5], Uint8Array.of(6, 3, 7, 6, 0)),
    'sequences.json': typeof sequences === 'string' ? sequences : JSON.stringify({ sequences }),
  });
  const good = [
    { subject: 'S1', label: 3, frames: [{ image: 0 }, { image: 1 }] },
    { subject: 'S2', label: 7, frames: [{ image: 2 }] },
    { subject: 'S2', label: 0, frames: [{ image: 3 }, { image: 4 }] },
  ];

  it('leaves contempt out unless asked', async () => {
    const set = await loadCkPlusFolder(memoryTree(file(good)));
    expect(set.classes).toBe(EXPRESSIONS);
    expect(set.length).toBe(2);
    expect(set.sequences).toEqual([
      { subject: 'S1', label: 3, frames: [0, 1] },
      { subject: 'S2', label: 0, frames: [2, 3] },
    ]);
    expect([...set.images]).toEqual([10, 20, 40, 50]);
    expect([...set.labels]).toEqual([6, 3, 6, 0]);
    expect([...set.groups!]).toEqual([0, 0, 1, 1]);

    const all = await loadCkPlusFolder(memoryTree(file(good)), { contempt: true });
    expect(all.classes[7]).toBe('contempt');
    expect(all.sequences.map(({ label }) => label)).toEqual([3, 7, 0]);
  });

  it.each<[string, unknown, RegExp]>([
    ['not JSON', '{', /not JSON/],
    ['no list', '{}', /list 'sequences' is missing/],
    ['an empty list', [], /list 'sequences' is missing/],
    ['no subject', [{ label: 0, frames: [{ image: 0 }] }], /sequence 0 has no 'subject'/],
    ['a bad label', [good[0], { ...good[1], label: 8 }], /sequence 1: label 8, expected 0 to 7/],
    ['no frames', [{ ...good[0], frames: [] }], /sequence 0 has no 'frames'/],
    ['a bad image', [{ ...good[0], frames: [{ image: 5 }] }], /image 5, expected 0 to 4/],
    ['a frame without image', [{ ...good[0], frames: [{}] }], /image undefined/],
  ])('says what is wrong with sequences.json: %s', async (_, sequences, reason) => {
    const folder = memoryTree(file(sequences));
    await expectBadInput(() => loadCkPlusFolder(folder), /^sequences\.json: /, reason);
  });

  it('says which file is missing', async () => {
    const files: Record<string, Uint8Array | string> = file(good);
    delete files['sequences.json'];
    await expectBadInput(() => loadCkPlusFolder(memoryTree(files)), 'no sequences.json');
  });
});

describe('splitting by subject', () => {
  const subjects = Array.from({ length: 23 }, (_, i) => `S${i}`);
  const sequences = [...subjects, ...subjects].map((subject, i) => ({
    subject,
    label: 0,
    frames: [i],
  }));
  const set = {
    name: 'all',
    width: 1,
    height: 1,
    count: 46,
    images: Uint8Array.from({ length: 46 }, (_, i) => i),
    labels: new Uint8Array(46),
    classes: EXPRESSIONS,
    sequences,
    length: 1,
  };
  const subjectsOf = (part: typeof set | { sequences: { subject: string | number }[] }) =>
    new Set(part.sequences.map(({ subject }) => subject));

  it('puts each subject on one side, and in the test part of just one fold', () => {
    const tested: (string | number)[] = [];
    for (let fold = 0; fold < 5; fold++) {
      const { train, test } = splitBySubject(set, { seed: 1, fold });
      expect(train.sequences.length + test.sequences.length).toBe(46);
      for (const subject of subjectsOf(test)) expect(subjectsOf(train).has(subject)).toBe(false);
      expect(subjectsOf(test).size).toBeGreaterThanOrEqual(4);
      tested.push(...subjectsOf(test));
    }
    expect(tested.sort()).toEqual([...subjects].sort());
  });

  it('depends on the seed alone', () => {
    const split = (seed: number) => [...subjectsOf(splitBySubject(set, { seed }).test)].sort();
    expect(split(1)).toEqual(split(1));
    expect(split(1)).not.toEqual(split(2));
  });

  it.each([{ folds: 1 }, { folds: 24 }, { folds: 2.5 }, { fold: 5 }, { fold: -1 }, { fold: 0.5 }])(
    'refuses %o',
    async (options) => {
      await expectBadInput(() => splitBySubject(set, options), 'fold');
    },
  );
});
