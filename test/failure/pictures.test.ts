import sharp from 'sharp';
import { beforeAll, describe, it } from 'vitest';
import { decodeWithSharp } from '../../cli/decode';
import { loadImageFolder } from '../../src/data/image_folder';
import { pictureHeader } from '../../src/data/picture_header';
import { bmpOf } from '../data/bmp_fixtures';
import { expectBadInput } from '../data/fixtures';

let png: Uint8Array;
let jpeg: Uint8Array;
let webp: Uint8Array;
let gif: Uint8Array;
beforeAll(async () => {
  const picture = sharp(
    Buffer.from(Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7919) % 256)),
    { raw: { width: 32, height: 32, channels: 3 } },
  );
  png = new Uint8Array(await picture.clone().png().toBuffer());
  jpeg = new Uint8Array(await picture.clone().jpeg().toBuffer());
  webp = new Uint8Array(await picture.clone().webp().toBuffer());
  gif = new Uint8Array(await picture.clone().gif().toBuffer());
});

const load = (files: Record<string, Uint8Array>, options = {}, folders: string[] = []) =>
  loadImageFolder(
    {
      name: 'faces',
      files: Object.entries(files).map(([path, bytes]) => ({ path, read: async () => bytes })),
      folders,
    },
    { decode: decodeWithSharp, ...options },
  );

describe('a picture that is none', () => {
  const refused = (bytes: () => Uint8Array, ...messages: (string | RegExp)[]) =>
    expectBadInput(() => decodeWithSharp(bytes(), 'x.png'), 'x.png', ...messages);

  it('of no bytes', () => refused(() => new Uint8Array(0), /empty/));
  it('a text', () => refused(() => new TextEncoder().encode('hello'), /begins with 68 65 6c 6c/));
  it('a gif', () => refused(() => gif, /expected a PNG, JPEG, WebP or BMP; this is GIF/));
  it('a png of its first bytes', () => refused(() => png.slice(0, 12), /truncated/));
  it('a png cut short', () => refused(() => png.slice(0, 200), /the png is truncated/));
  it('a png without its last bytes', () =>
    refused(() => png.slice(0, -12), /the png is truncated/));
  it('a png of which the middle is wrong', () =>
    refused(() => {
      const wrong = png.slice();
      wrong.fill(0, 60, 200);
      return wrong;
    }, /cannot be decoded/));
  it('a jpeg without its end', () => refused(() => jpeg.slice(0, -2), /the jpeg is truncated/));
  it('a jpeg with a whole picture inside, but without its own end', () =>
    refused(() => {
      const small = jpeg.slice(0, 300);
      small.set([0xff, 0xd9], 298);
      const segment = [0xff, 0xe1, 1, 46, ...small];
      return Uint8Array.from([0xff, 0xd8, ...segment, ...jpeg.slice(2, -2)]);
    }, /the jpeg is truncated/));
  it('a webp without its last bytes', () =>
    refused(() => webp.slice(0, -8), /the webp is truncated/));
  it('a bmp cut short', () => refused(() => bmpOf(24).slice(0, -1), /the bmp is truncated/));
  it('a bmp of its first bytes', () =>
    refused(() => bmpOf(24).slice(0, 20), /bmp is truncated|no pixels/));
  it('a compressed bmp', () =>
    refused(() => {
      const packed = bmpOf(8);
      packed[30] = 1;
      return packed;
    }, /compressed BMP is not supported/));
  it('a heic called png', () =>
    refused(
      () => Uint8Array.from([0, 0, 0, 24, ...new TextEncoder().encode('ftypheic0000')]),
      /this is HEIC/,
    ));
  it('a jpeg of its first bytes', () => refused(() => jpeg.slice(0, 4), /truncated/));
  it('a webp of its first bytes', () => refused(() => webp.slice(0, 16), /truncated/));
  it('a webp cut short', () => refused(() => webp.slice(0, 60), /the webp is truncated/));
  it('a png that says it has no pixels', () =>
    refused(() => {
      const none = png.slice();
      none.fill(0, 16, 20);
      return none;
    }, /no pixels/));
  it('a png that says it has a thousand million pixels', () =>
    refused(() => {
      const bomb = png.slice();
      bomb.set([0, 1, 0, 0, 0, 1, 0, 0], 16);
      return bomb;
    }, /65536x65536 pixels/));
  it('a jpeg that says so', () =>
    expectBadInput(
      () =>
        pictureHeader(Uint8Array.of(255, 216, 255, 0xc0, 0, 17, 8, 255, 255, 255, 255, 3), 'x.jpg'),
      'x.jpg: 65535x65535 pixels',
    ));
});

describe('a folder of pictures', () => {
  const two = () => ({ 'happy/1.png': png, 'sad/2.png': png });

  it('without any picture', () => expectBadInput(() => load({ 'a/x.txt': png }), /no PNG/));
  it('without class folders', () =>
    expectBadInput(() => load({ '1.png': png }), /no class folders/));
  it('of one class only', () =>
    expectBadInput(
      () => load({ 'happy/1.png': png, 'happy/2.png': jpeg }),
      /every picture is happy/,
    ));
  it('of one class only in its training split', () =>
    expectBadInput(
      () => load({ 'train/sad/1.png': png, 'test/sad/1.png': png, 'test/happy/1.png': png }),
      'faces/train: every picture is sad',
    ));
  it('with something beside its splits', () =>
    expectBadInput(() => load({ ...two(), 'train/sad/1.png': png }), /happy beside train/));
  it('with one split under two names', () =>
    expectBadInput(
      () => load({ 'val/sad/1.png': png, 'validation/sad/1.png': png }),
      /val, validation are the same split/,
    ));
  it('with a file that is no picture, by its whole path', () =>
    expectBadInput(
      () => load({ ...two(), 'sad/x.png': new Uint8Array(9) }),
      'faces/sad/x.png: expected a PNG, JPEG, WebP or BMP',
    ));
  it('of too few pictures to hold some out', () => expectBadInput(() => load(two()), /too few/));
  it('with a fold that there is not', () =>
    expectBadInput(() => load(two(), { fold: 5 }), /fold 5 does not exist/));
  it('that mixes stills and sequences in one class', () =>
    expectBadInput(
      () => load({ ...two(), 'sad/ann/1/1.png': png }),
      /faces\/sad mixes stills and sequences/,
    ));
  it('that mixes stills and sequences', () =>
    expectBadInput(
      () => load({ 'happy/1.png': png, 'sad/S005_001_00000001.png': png }),
      /happy\/1\.png and .*S005/,
    ));
  it('with a subject in two splits', () =>
    expectBadInput(
      () =>
        load({
          'train/happy/S005_001_00000001.png': png,
          'train/sad/S006_001_00000001.png': png,
          'test/sad/S005_002_00000001.png': png,
        }),
      'faces: subject S005 is in two splits',
    ));
  it('of sequences of one subject', () =>
    expectBadInput(
      () => load({ 'happy/S005_001_01.png': png, 'sad/S005_002_01.png': png }),
      /5 folds of 1 subjects/,
    ));
  it('of CK+ with an emotion that is no number', () =>
    expectBadInput(
      () =>
        load({
          'S005/001/S005_001_00000001.png': png,
          'S005/001/S005_001_00000001_emotion.txt': new TextEncoder().encode('happy'),
        }),
      /S005_001_00000001_emotion\.txt says 'happy'/,
    ));
  it('of CK+ of which nothing has an emotion', () =>
    expectBadInput(
      () =>
        load({
          'S005/001/S005_001_00000001.png': png,
          'S006/001/S006_001_00000001_emotion.txt': new TextEncoder().encode('3'),
        }),
      /no sequence has an emotion label/,
    ));
  it('of more classes than a byte counts', () => {
    const files = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`c${i}/1.png`, png]));
    return expectBadInput(() => load(files), /257 classes/);
  });
});
