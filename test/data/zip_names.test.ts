/** Names in zips as Windows, macOS and others write them. */
import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/data/crc32';
import { openZip } from '../../src/data/zip';
import { expectBadInput } from './fixtures';
import { zipOf, type ZipEntry } from './zip_fixtures';

const utf8 = (text: string) => new TextEncoder().encode(text);
const UTF8_FLAG = 0x800;

async function pathsOf(entries: Partial<ZipEntry>[]): Promise<string[]> {
  const zip = zipOf(entries.map((entry) => ({ path: '', content: 'x', ...entry })));
  return (await openZip(new Blob([zip]), 'x.zip')).files.map(({ path }) => path);
}

const bytes = (...parts: (string | Iterable<number>)[]) =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...utf8(part)] : [...part])),
  );

/** The field 0x7075: version, checksum of the other name, the name in UTF-8. */
function unicodePath(name: string, of: Uint8Array, version = 1): Uint8Array {
  const data = utf8(name);
  const field = new Uint8Array(9 + data.length);
  const view = new DataView(field.buffer);
  view.setUint16(0, 0x7075, true);
  view.setUint16(2, 5 + data.length, true);
  field[4] = version;
  view.setUint32(5, crc32(of), true);
  field.set(data, 9);
  return field;
}

/** GBK: three class folders, in the bytes that Windows writes without a flag. */
const GBK = [bytes([0xb8, 0xdf, 0xd0, 0xcb]), bytes([0xb1, 0xaf, 0xc9, 0xcb]), bytes([0xc6, 0xbd])];

describe('a name in a zip', () => {
  it('is UTF-8 with the flag, and without it where the bytes are', async () => {
    expect(await pathsOf([{ path: 'é/1.png', flags: UTF8_FLAG }, { path: '喜/2.png' }])).toEqual([
      'é/1.png',
      '喜/2.png',
    ]);
  });

  it('is that of its Unicode field, if the field is of this name', async () => {
    const name = bytes(GBK[0], '/1.png');
    const [extra, other] = [unicodePath('高兴/1.png', name), unicodePath('高兴/1.png', GBK[1])];
    expect(await pathsOf([{ name, extra }])).toEqual(['高兴/1.png']);
    expect(await pathsOf([{ name, extra: other }])).toEqual(['╕▀╨╦/1.png']);
    expect(await pathsOf([{ name, extra: unicodePath('x', name, 2) }])).toEqual(['╕▀╨╦/1.png']);
  });

  it('in another code stays different from others', async () => {
    const paths = await pathsOf(GBK.map((folder) => ({ name: bytes(folder, '/1.png') })));
    expect(new Set(paths).size).toBe(3);
    expect(paths.join()).not.toContain('\ufffd');
  });

  it('every byte of which is another letter', async () => {
    const names = Array.from({ length: 128 }, (_, i) => ({ name: bytes('a', [128 + i], '.png') }));
    const paths = await pathsOf(names);
    expect(new Set(paths.map((path) => path[1])).size).toBe(128);
    expect(paths[0x82 - 128]).toBe('aé.png');
    expect(paths[0xe1 - 128]).toBe('aß.png');
  });

  it('is decoded like all others, so that a folder stays one', async () => {
    // d0 cb alone would be UTF-8; with b8 in the file's name the path is not.
    const folder = [0xd0, 0xbb];
    const paths = await pathsOf([
      { name: bytes(folder, '/1.png') },
      { name: bytes(folder, '/', [0xb8], '.png') },
    ]);
    expect(paths.map((path) => path.split('/')[0])).toEqual(['╨╗', '╨╗']);
  });

  it('of which a backslash is half a letter is not parted there', async () => {
    // Shift JIS: 95 5c is one letter.
    const [path] = await pathsOf([{ name: bytes([0x95, 0x5c, 0x8f, 0xee], '/1.png') }]);
    expect(path).toBe('ò\\Åε/1.png');
    const parted = await pathsOf([{ name: bytes([0x82], '\\1.png') }, { path: 'sad\\2.png' }]);
    expect(parted).toEqual(['é/1.png', 'sad/2.png']);
  });

  it('may begin with ./, and is then the one without', async () => {
    expect(await pathsOf([{ path: './happy/1.png' }, { path: 'sad/./2.png' }])).toEqual([
      'happy/1.png',
      'sad/2.png',
    ]);
    const twice = zipOf([{ path: './a' }, { path: 'a' }]);
    await expectBadInput(() => openZip(new Blob([twice]), 'x.zip'), /contains a twice/);
    const { folders } = await openZip(new Blob([zipOf([{ path: './' }, { path: './a/' }])]), 'x');
    expect(folders).toEqual(['a']);
  });
});

describe('a large file in a zip', () => {
  const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31) >> 7);

  it('is streamed in pieces, also where it is over the limit of what is read whole', async () => {
    const zip = zipOf([{ path: 'a.csv', content }]);
    const { files } = await openZip(new Blob([zip]), 'x.zip', { entryBytes: 1000 });
    const read = await new Response(files[0].stream!()).arrayBuffer();
    expect(new Uint8Array(read)).toEqual(content);
    await expectBadInput(() => files[0].read(), /a\.csv has 300000 bytes/);
  });

  it('is not read on when its reader has had enough', async () => {
    const zip = zipOf([{ path: 'a.csv', content }]);
    let read = 0;
    const source = {
      size: zip.length,
      read: async (offset: number, length: number) => {
        read += length;
        return zip.slice(offset, offset + length);
      },
    };
    const { files } = await openZip(source, 'x.zip');
    const reader = files[0].stream!().getReader();
    await reader.read();
    const before = read;
    await reader.cancel();
    expect(read).toBe(before);
  });

  it('of which the checksum is wrong ends with an error', async () => {
    const zip = zipOf([{ path: 'a.csv', content, crc: 7 }]);
    const { files } = await openZip(new Blob([zip]), 'x.zip');
    await expectBadInput(() => new Response(files[0].stream!()).arrayBuffer(), /checksum/);
  });
});
