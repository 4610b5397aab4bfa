import { describe, expect, it } from 'vitest';
import { parseFer2013Csv, peekFer2013Csv } from '../../src/data/fer2013_csv';
import { expectBadInput } from './fixtures';

const HEADER = 'emotion,pixels,Usage';
const ramp = (start: number): number[] => Array.from({ length: 2304 }, (_, i) => (start + i) % 256);
const row = (emotion: unknown, pixels: unknown[], usage: string): string =>
  `${String(emotion)},${pixels.join(' ')},${usage}`;
const ROWS = [
  row(0, ramp(0), 'Training'),
  row(6, ramp(7), 'PublicTest'),
  row(3, ramp(9), 'Training'),
  row(1, ramp(4), 'PrivateTest'),
];
const GOOD = [HEADER, ...ROWS, ''].join('\n');

describe('reading fer2013.csv', () => {
  const variants: [string, string][] = [
    ['LF', GOOD],
    ['CRLF', GOOD.replaceAll('\n', '\r\n')],
    ['no line break at the end', GOOD.trimEnd()],
    ['CRLF without one at the end', GOOD.trimEnd().replaceAll('\n', '\r\n')],
    ['a byte order mark', `\ufeff${GOOD}`],
    ['quoted pixels', GOOD.replaceAll(/,([^,\n]* [^,\n]*),/g, ',"$1",')],
    ['blanks in the header', GOOD.replace(HEADER, 'emotion, pixels, Usage')],
    ['semicolons', GOOD.replaceAll(',', ';')],
    ['tabs', GOOD.replaceAll(',', '\t')],
    ['an empty line before the header', `\n${GOOD.replaceAll(',', ';')}`],
    ['names of expressions', GOOD.replace('\n0,', '\nAngry,').replace('\n1,', '\ndisgust,')],
    ['other capitals, and blanks', GOOD.replaceAll('Training', 'training ')],
    ['empty lines', GOOD.replaceAll('\n', '\n\n')],
    [
      'columns in another order',
      GOOD.split('\n')
        .map((line) => line.split(',').reverse().join(','))
        .join('\n'),
    ],
  ];

  it.each(variants)('takes %s', async (_, text) => {
    const { training, publictest, privatetest } = await parseFer2013Csv(text);
    expect(training).toMatchObject({ count: 2, width: 48, height: 48, name: 'fer2013 training' });
    expect([...training!.labels]).toEqual([0, 3]);
    expect([...training!.images]).toEqual([...ramp(0), ...ramp(9)]);
    expect([...publictest!.images]).toEqual(ramp(7));
    expect([...privatetest!.labels]).toEqual([1]);
  });

  it.each(['utf16le', 'utf16be'])('takes %s, as Excel saves', async (encoding) => {
    const bytes = Buffer.from(`\ufeff${GOOD}`, 'utf16le');
    if (encoding === 'utf16be') bytes.swap16();
    const { training } = await parseFer2013Csv(new Blob([bytes]));
    expect([...training!.images]).toEqual([...ramp(0), ...ramp(9)]);
    expect(await peekFer2013Csv(new Blob([bytes]))).toEqual({ faces: true, usage: true });
  });

  it.each([
    ['LF', GOOD],
    ['CRLF and a byte order mark', `\ufeff${GOOD.replaceAll('\n', '\r\n')}`],
  ])('reads a stream of pieces cut anywhere, %s', async (_, text) => {
    const bytes = new TextEncoder().encode(text);
    async function* pieces() {
      for (let i = 0; i < bytes.length; i += 1009) yield bytes.subarray(i, i + 1009);
    }
    expect(await parseFer2013Csv(pieces())).toEqual(await parseFer2013Csv(GOOD));
  });

  it('reads a file as a browser hands it over', async () => {
    const { training } = await parseFer2013Csv(new File([GOOD], 'fer2013.csv'));
    expect(training!.count).toBe(2);
  });

  it('stores only the wanted splits', async () => {
    const sets = await parseFer2013Csv(GOOD, { splits: ['publictest'] });
    expect(sets.publictest!.count).toBe(1);
    expect(sets.training).toBeUndefined();
    expect(sets.privatetest).toBeUndefined();
  });

  it('grows past its first allocation', async () => {
    const many = Array.from({ length: 150 }, (_, i) => row(i % 7, ramp(i), 'Training'));
    const { training } = await parseFer2013Csv([HEADER, ...many].join('\n'));
    expect(training!.count).toBe(150);
    expect([...training!.images.subarray(149 * 2304)]).toEqual(ramp(149));
  });
});

describe('what is wrong with the file is said with its name and the row', () => {
  const withPixel = (value: unknown) =>
    row(0, [...ramp(0).slice(0, 7), value, ...ramp(8).slice(0, 2296)], 'Training');
  it.each<[string, string, RegExp]>([
    ['one pixel missing', row(0, ramp(0).slice(1), 'Training'), /2303 pixels, expected 2304/],
    ['one pixel too many', row(0, [...ramp(0), 1], 'Training'), /2305 pixels, expected 2304/],
    ['no pixels', row(0, [], 'Training'), / 0 pixels/],
    ['a pixel that is a word', withPixel('seven'), /pixel 7 is not a number: 'seven'/],
    ['a negative pixel', withPixel(-1), /pixel 7 is not a number: '-1'/],
    ['a pixel with a fraction', withPixel(1.5), /pixel 7 is not a number: '1.5'/],
    ['a pixel over 255', withPixel(256), /pixel 7 is over 255: '256'/],
    ['label 9', row(9, ramp(0), 'Training'), /emotion '9', expected 0 to 6/],
    ['label 7', row(7, ramp(0), 'Training'), /emotion '7'/],
    ['a label that is a word', row('joyful', ramp(0), 'Training'), /emotion 'joyful'/],
    ['no label', row('', ramp(0), 'Training'), /emotion ''/],
    ['an unknown Usage', row(0, ramp(0), 'Validation'), /unknown Usage 'Validation'.*PublicTest/],
    ['no Usage', row(0, ramp(0), ''), /unknown Usage ''/],
    ['a field missing', `0,${ramp(0).join(' ')}`, /2 fields, expected 3/],
  ])('%s', async (_, bad, reason) => {
    const text = [HEADER, ROWS[0], '', bad, ROWS[1]].join('\n');
    await expectBadInput(
      () => parseFer2013Csv(text, { file: 'my.csv' }),
      /^my\.csv: row 2 \(line 4\): /,
      reason,
    );
  });

  it.each<[string, string, RegExp]>([
    ['an empty file', '', /^my\.csv: the file is empty/],
    ['no header', ROWS.join('\n'), /header has no column 'emotion'.*0,0 1 2/],
    ['a column missing', GOOD.replace('pixels', 'pixel'), /header has no column 'pixels'/],
    ['a header alone', `${HEADER}\n`, /no image/],
  ])('%s', async (_, text, reason) => {
    await expectBadInput(() => parseFer2013Csv(text, { file: 'my.csv' }), /^my\.csv: /, reason);
  });

  it('keeps counting across the pieces of a stream', async () => {
    const text = [HEADER, ...ROWS, row(0, [1], 'Training')].join('\n');
    async function* pieces() {
      for (let i = 0; i < text.length; i += 5000) {
        yield new TextEncoder().encode(text.slice(i, i + 5000));
      }
    }
    await expectBadInput(() => parseFer2013Csv(pieces()), /row 5 \(line 6\): 1 pixels/);
  });
});
