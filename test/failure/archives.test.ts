import { describe, expect, it } from 'vitest';
import { gunzip } from '../../src/data/gzip';
import { parseIdx } from '../../src/data/idx';
import { openZip, type ZipLimits } from '../../src/data/zip';
import { expectBadInput, gzip } from '../data/fixtures';
import { zipOf } from '../data/zip_fixtures';

const open = (bytes: Uint8Array<ArrayBuffer>, limits?: ZipLimits) =>
  openZip(new Blob([bytes]), 'faces.zip', limits);

const readAll = async (bytes: Uint8Array<ArrayBuffer>, limits?: ZipLimits) => {
  const { files } = await open(bytes, limits);
  return Promise.all(files.map(({ read }) => read()));
};

const text = 'a face, a face, a face, a face, a face';

it('what the fixture writes truthfully is read', async () => {
  const zip = zipOf([
    { path: 'a/b.txt', content: text },
    { path: 'a/', method: 0 },
    { path: 'c\\d.txt', content: text, method: 0 },
  ]);
  const { files, folders } = await open(zip);
  expect(folders).toEqual(['a']);
  expect(files.map(({ path }) => path)).toEqual(['a/b.txt', 'c/d.txt']);
  for (const bytes of await readAll(zip)) expect(new TextDecoder().decode(bytes)).toBe(text);
});

describe('a zip', () => {
  const good = zipOf([
    { path: 'happy/1.png', content: text },
    { path: 'sad/2.png', content: text },
  ]);

  it('cut short at its end', () =>
    expectBadInput(() => open(good.slice(0, -5)), 'faces.zip', /the zip file is incomplete/));

  it('cut short in the middle', () =>
    expectBadInput(() => open(good.slice(0, good.length >> 1)), /the zip file is incomplete/));

  it('without its beginning', () =>
    expectBadInput(() => open(good.slice(20)), 'faces.zip', /does not fit/));

  it('of no bytes', () =>
    expectBadInput(() => open(new Uint8Array(0)), /the zip file is incomplete/));

  it('that is a text', () =>
    expectBadInput(
      () => open(new TextEncoder().encode(text.repeat(9)) as never),
      /the zip file is incomplete/,
    ));

  it('with a directory past its end', () =>
    expectBadInput(() => open(zipOf([{ path: 'a' }], { offset: 5_000 })), /does not fit/));

  it('with more entries than its directory has', () =>
    expectBadInput(() => open(zipOf([{ path: 'a' }], { count: 900 })), /900 entries/));

  it('whose entry lies elsewhere than the directory says', () =>
    expectBadInput(
      () => readAll(zipOf([{ path: 'a', offset: 3, content: '' }])),
      /a (is not where|overlaps)/,
    ));

  it('large, with its record missing', () =>
    expectBadInput(() => open(zipOf([{ path: 'a' }], { count: 0xffff })), /zip64 record/));
});

describe('a path that leaves the zip', () => {
  it.each([
    ['../evil.png', /points outside the zip/],
    ['happy/../../evil.png', /points outside the zip/],
    ['happy\\..\\..\\evil.png', /points outside the zip/],
    ['/etc/passwd', /absolute/],
    ['\\\\server\\share', /absolute/],
    ['C:\\faces\\1.png', /absolute/],
    ['c:1.png', /absolute/],
    ['', /name is ''/],
    ['a\0.png', /name is/],
  ])('%j', (path, message) => expectBadInput(() => open(zipOf([{ path }])), 'faces.zip', message));
});

describe('a zip bomb', () => {
  const zeros = new Uint8Array(3 << 20);

  it('by the ratio that it says', () =>
    expectBadInput(() => open(zipOf([{ path: 'a.png', content: zeros }])), /a\.png.*bomb/));

  it('that says less than it inflates to', async () => {
    const lie = zipOf([{ path: 'a.png', content: zeros, size: 1000 }]);
    await expectBadInput(() => readAll(lie), /a\.png inflates to more than the 1000 bytes/);
  });

  it('that says more than it inflates to', () =>
    expectBadInput(
      () => readAll(zipOf([{ path: 'a', content: text, size: 1000 }])),
      /inflates to \d+ bytes but declares 1000/,
    ));

  it('of one entry over the limit', () =>
    expectBadInput(
      () => readAll(zipOf([{ path: 'a', content: text }]), { entryBytes: 10 }),
      /at most 10 /,
    ));

  it('of many entries that are too much together', () =>
    expectBadInput(
      () =>
        open(zipOf(Array.from({ length: 50 }, (_, i) => ({ path: `${i}`, content: text }))), {
          totalBytes: 1000,
        }),
      /at most 1000 /,
    ));

  it('of too many entries', () =>
    expectBadInput(
      () => open(zipOf([{ path: 'a' }, { path: 'b' }]), { entries: 1 }),
      /2 entries; at most 1/,
    ));

  it('whose entries share their bytes', () =>
    expectBadInput(
      () =>
        open(
          zipOf([
            { path: 'a', content: text },
            { path: 'b', content: text, offset: 0 },
          ]),
        ),
      /overlaps/,
    ));
});

describe('a zip entry', () => {
  it.each([
    ['encrypted', { flags: 1 }, /encrypted/],
    ['packed in an unknown way', { method: 12 }, /method 12/],
    ['that is a link', { mode: 0o120777 }, /is a link/],
    ['with another checksum', { crc: 1 }, /checksum/],
    ['stored in fewer bytes than it has', { method: 0, size: 99 }, /is stored uncompressed in/],
  ])('%s', (_, lie, message) =>
    expectBadInput(() => readAll(zipOf([{ path: 'a.png', content: text, ...lie }])), message),
  );

  it('twice', () =>
    expectBadInput(() => open(zipOf([{ path: 'a' }, { path: 'a' }])), /contains a twice/));

  it('of damaged deflate', async () => {
    const zip = zipOf([{ path: 'a', content: text }]);
    zip.fill(0xff, 31, 41);
    await expectBadInput(() => readAll(zip), 'faces.zip: a cannot be inflated');
  });
});

describe('a gzip', () => {
  it('cut short', async () => {
    const packed = await gzip(new Uint8Array(5000));
    await expectBadInput(
      () => parseIdx(packed.slice(0, -9), 'x.gz'),
      'x.gz',
      /the gzip file is damaged/,
    );
  });

  it('damaged', async () => {
    const packed = await gzip(Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251));
    packed[200] ^= 0xff;
    await expectBadInput(() => gunzip(packed, 'x.gz'), 'x.gz', /the gzip file is damaged/);
  });

  it('that unpacks to more than is read', async () => {
    const packed = await gzip(new Uint8Array(1 << 22));
    await expectBadInput(() => gunzip(packed, 'x.gz', 1 << 20), 'x.gz', /more than 1048576 bytes/);
  });
});
