import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXPRESSIONS } from '../../src/data/dataset';
import { parseFer2013Csv } from '../../src/data/fer2013_csv';
import { gunzip } from '../../src/data/gzip';
import { encodeIdx, parseIdx, parseIdxImageSet } from '../../src/data/idx';
import { pictureHeader } from '../../src/data/picture_header';
import { openZip } from '../../src/data/zip';
import { FacegradError } from '../../src/gpu/errors';
import { readCheckpoint } from '../../src/train/checkpoint';
import { readSafetensors, writeSafetensors } from '../../src/train/safetensors';
import { readWeights } from '../../src/train/weights_file';
import { gzip } from '../data/fixtures';
import { zipOf } from '../data/zip_fixtures';
import { SEED } from '../support/random';

type Parser = (bytes: Uint8Array<ArrayBuffer>) => unknown;

const RUNS = 300;
/** What a parser may hold beside its input, in bytes; each input is under 10 kB. */
const MOST_MEMORY = 200 * 2 ** 20;

/** Random bytes, and a good file cut, with bytes changed, doubled, or with a number made huge. */
function garbage(good: Uint8Array) {
  const place = fc.nat({ max: good.length - 1 });
  const changed = fc
    .array(fc.tuple(place, fc.oneof(fc.constant(255), fc.constant(0), fc.nat({ max: 255 }))), {
      minLength: 1,
      maxLength: 6,
    })
    .map((edits) => {
      const bytes = Uint8Array.from(good);
      for (const [at, value] of edits) bytes[at] = value;
      return bytes;
    });
  const cut = fc.tuple(place, place).map(([a, b]) => good.slice(Math.min(a, b), Math.max(a, b)));
  const huge = place.map((at) => {
    const bytes = Uint8Array.from(good);
    bytes.fill(0xff, at, at + 4);
    return bytes;
  });
  const random = fc.uint8Array({ maxLength: 400 });
  const doubled = fc.constant(Uint8Array.from([...good, ...good]));
  return fc.oneof(random, cut, changed, huge, doubled) as fc.Arbitrary<Uint8Array<ArrayBuffer>>;
}

/** Whatever the bytes are: an answer or a FacegradError, soon, in bounded memory. */
async function survives(good: Uint8Array, parse: Parser) {
  await parse(Uint8Array.from(good)); // what garbage is made of is good
  const before = process.memoryUsage();
  await fc.assert(
    fc.asyncProperty(garbage(good), async (bytes) => {
      const begin = process.cpuUsage();
      try {
        await parse(bytes);
      } catch (error) {
        if (!(error instanceof FacegradError)) throw error;
      }
      const { user, system } = process.cpuUsage(begin); // microseconds, whatever else is running
      expect(user + system).toBeLessThan(5e6);
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      const grown = heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers;
      expect(grown).toBeLessThan(MOST_MEMORY);
    }),
    { numRuns: RUNS, seed: SEED },
  );
}

const text = (value: string) => new TextEncoder().encode(value);
const row = `3,${new Array(2304).fill(7).join(' ')},Training`;
const tensor = { name: 'a', shape: [2], data: Float32Array.of(1, 2) };

describe('parsers of random and of damaged bytes', () => {
  it('safetensors', () =>
    survives(writeSafetensors([tensor], { format: 'x' }), (bytes) => readSafetensors(bytes)));

  it('weights', () => {
    const config = {
      size: 16,
      widths: [2],
      dense: 2,
      hidden: 2,
      streams: ['raw'],
      fusion: 'lstm',
      frames: { mode: 'still', count: 1 },
      classes: ['a', 'b'],
      dropout: 0,
    };
    const metadata = { model: JSON.stringify(config), provenance: '{}' };
    return survives(writeSafetensors([tensor], metadata), (bytes) => readWeights(bytes));
  });

  it('checkpoints', () =>
    survives(
      writeSafetensors([{ ...tensor, name: 'state.a' }], {
        format: 'facegrad-checkpoint',
        progress: '{"step": 3}',
      }),
      (bytes) => readCheckpoint(bytes),
    ));

  it('zip, every entry of it', () =>
    survives(
      zipOf([
        { path: 'a/b.png', content: 'some text, some text, some text' },
        { path: 'a/c.png', content: new Uint8Array(3000) },
        { path: 'a/', method: 0 },
      ]),
      async (bytes) => {
        const { files } = await openZip(new Blob([bytes]), 'x.zip');
        for (const { read } of files) await read();
      },
    ));

  it('idx', () =>
    survives(encodeIdx([2, 3, 4], new Uint8Array(24)), (bytes) => parseIdx(bytes, 'x')));

  it('idx labels', () => {
    const file = 'x';
    const images = { file, bytes: encodeIdx([3, 1, 1], new Uint8Array(3)) };
    return survives(encodeIdx([3], Uint8Array.of(1, 2, 3)), (bytes) =>
      parseIdxImageSet('x', images, { file, bytes }, EXPRESSIONS),
    );
  });

  it('gzip', async () =>
    survives(await gzip(Uint8Array.from({ length: 900 }, (_, i) => i)), (bytes) =>
      gunzip(bytes, 'x'),
    ));

  it('fer2013.csv', () =>
    survives(text(`emotion,pixels,Usage\n${row}\n`), (bytes) =>
      parseFer2013Csv(new Blob([bytes])),
    ));

  it.each<[string, Uint8Array]>([
    [
      'png',
      Uint8Array.of(
        137,
        80,
        78,
        71,
        13,
        10,
        26,
        10,
        0,
        0,
        0,
        13,
        73,
        72,
        68,
        82,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        1,
      ),
    ],
    ['jpeg', Uint8Array.of(255, 216, 255, 224, 0, 4, 1, 2, 255, 192, 0, 17, 8, 0, 1, 0, 1, 3)],
    [
      'webp',
      Uint8Array.of(
        82,
        73,
        70,
        70,
        9,
        0,
        0,
        0,
        87,
        69,
        66,
        80,
        86,
        80,
        56,
        88,
        ...new Uint8Array(20),
      ),
    ],
  ])('the head of a %s', (_, good) => survives(good, (bytes) => pictureHeader(bytes, 'x')));
});
