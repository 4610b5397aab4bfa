import { describe, expect, it } from 'vitest';
import { EXPRESSIONS } from '../../src/data/dataset';
import { encodeIdx, parseIdx, parseIdxImageSet } from '../../src/data/idx';
import { expectBadInput, gzip } from './fixtures';

const pixels = Uint8Array.from({ length: 3 * 2 * 4 }, (_, i) => i);
const imageFile = encodeIdx([3, 2, 4], pixels);
const labelFile = encodeIdx([3], Uint8Array.of(0, 6, 3));

describe('reading IDX', () => {
  it('reads back what was written', async () => {
    const { dims, data } = await parseIdx(imageFile, 'a');
    expect(dims).toEqual([3, 2, 4]);
    expect([...data]).toEqual([...pixels]);
  });

  it('reads a gzipped file, whatever it is called', async () => {
    const { data } = await parseIdx(await gzip(imageFile), 'a');
    expect([...data]).toEqual([...pixels]);
  });

  it('reads a file at an odd offset in a larger buffer', async () => {
    const buffer = new Uint8Array(imageFile.length + 3);
    buffer.set(imageFile, 3);
    expect((await parseIdx(buffer.subarray(3), 'a')).dims).toEqual([3, 2, 4]);
  });

  it.each([
    [0x09, [0xff], -1],
    [0x0b, [0xff, 0xfe], -2],
    [0x0c, [0xff, 0xff, 0xff, 0xff], -1],
    [0x0d, [0x3f, 0xc0, 0, 0], 1.5],
    [0x0e, [0xbf, 0xe0, 0, 0, 0, 0, 0, 0], -0.5],
  ])('reads big-endian numbers of type 0x%s', async (type, bytes, value) => {
    const file = Uint8Array.of(0, 0, type, 1, 0, 0, 0, 1, ...bytes);
    expect([...(await parseIdx(file, 'a')).data]).toEqual([value]);
  });

  it('reads a file of no images', async () => {
    expect((await parseIdx(encodeIdx([0, 48, 48], new Uint8Array()), 'a')).data.length).toBe(0);
  });
});

describe('what is wrong with an IDX file is said with its name', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['no bytes', new Uint8Array(), /at least 4 bytes.*has 0/],
    ['another format', new TextEncoder().encode('emotion,pixels'), /two zero bytes.*0x656d6f74/],
    ['an unknown type', Uint8Array.of(0, 0, 0x07, 1, 0, 0, 0, 0), /type 0x07/],
    ['no dimension', Uint8Array.of(0, 0, 8, 0), /at least 1 dimension/],
    ['a header cut short', imageFile.subarray(0, 10), /truncated in the header: 10 of 16/],
    ['data cut short', imageFile.subarray(0, -5), /truncated: 3x2x4 needs 24 bytes.*19/],
    ['data too long', Uint8Array.of(...imageFile, 1, 2), /longer than its header.*24.*26/],
    [
      'sizes beyond any file',
      Uint8Array.of(0, 0, 8, 2, 255, 255, 255, 255, 255, 255, 255, 255),
      /truncated: 4294967295x4294967295/,
    ],
    ['a gzip file of garbage', Uint8Array.of(0x1f, 0x8b, 9, 9, 9), /the gzip file is damaged/],
  ])('%s', async (_, bytes, reason) => {
    await expectBadInput(() => parseIdx(bytes, 'some-idx3-ubyte.gz'), /^some-idx3-ubyte/, reason);
  });

  it('a gzip file cut short', async () => {
    const packed = await gzip(imageFile);
    await expectBadInput(
      () => parseIdx(packed.subarray(0, -9), 'f.gz'),
      /f\.gz: the gzip file is damaged/,
    );
  });
});

describe('reading a pair of image and label files', () => {
  const read = (images: Uint8Array, labels: Uint8Array) =>
    parseIdxImageSet(
      'pair',
      { file: 'images', bytes: images },
      { file: 'labels', bytes: labels },
      EXPRESSIONS,
    );

  it('gives an image set', async () => {
    const set = await read(imageFile, labelFile);
    expect(set).toMatchObject({ name: 'pair', count: 3, height: 2, width: 4 });
    expect([...set.labels]).toEqual([0, 6, 3]);
    expect([...set.images]).toEqual([...pixels]);
  });

  it.each<[string, Uint8Array, Uint8Array, RegExp]>([
    ['the two files swapped', labelFile, imageFile, /^images: expected images.*found 3 of uint8/],
    ['images twice', imageFile, imageFile, /^labels: expected labels.*found 3x2x4 of uint8/],
    [
      'labels of another type',
      imageFile,
      Uint8Array.of(0, 0, 9, 1, 0, 0, 0, 3, 0, 1, 2),
      /^labels: expected labels.*3 of int8/,
    ],
    [
      'more labels than images',
      imageFile,
      encodeIdx([4], new Uint8Array(4)),
      /labels has 4 labels, but images has 3 images/,
    ],
    [
      'a label out of range',
      imageFile,
      encodeIdx([3], Uint8Array.of(0, 1, 7)),
      /^labels: label 2 is 7, expected 0 to 6/,
    ],
  ])('names the file for %s', async (_, images, labels, reason) => {
    await expectBadInput(() => read(images, labels), reason);
  });
});
