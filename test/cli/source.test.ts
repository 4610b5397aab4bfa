import { SYSTEMS } from '../../src/nn/systems';
import { modelConfig } from '../../src/nn/systems/cnn_lstm';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { main as data } from '../../cli/data';
import { packImageSet, unpackImageSet } from '../../cli/jobs/image_sets';
import { dataPath, fitClasses, openData, openTraining, type DataSpec } from '../../cli/source';
import { resolveConfig, type TrainOptions } from '../../cli/train_options';
import { main as train } from '../../cli/train';
import { classCounts, EXPRESSIONS, type ImageSet, type SequenceSet } from '../../src/data/dataset';
import { syntheticFaces, syntheticSequences } from '../../src/data/synthetic';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-source-'));
afterAll(() => rmSync(folder, { recursive: true }));
const spec = (changes: Partial<DataSpec>): DataSpec => ({
  data: 'synthetic',
  without: [],
  lastFrame: false,
  fold: 0,
  ...changes,
});

describe('openData', () => {
  it('draws faces of which none is in two splits', async () => {
    const splits = ['publictest', 'privatetest'] as const;
    const { kind, sets } = await openData(spec({ without: ['neutral'] }), splits);
    expect(kind).toBe('synthetic');
    expect(sets.training).toBeUndefined();
    expect(sets.publictest!.classes).toEqual(EXPRESSIONS.slice(0, 6));
    const seen = new Set(sets.publictest!.groups);
    expect([...sets.privatetest!.groups!].filter((person) => seen.has(person))).toEqual([]);
  });

  it('takes the last frames of sequences, with the labels of the sequences', async () => {
    const whole = await openData(spec({ data: 'synthetic-pairs' }), ['publictest']);
    const last = await openData(spec({ data: 'synthetic-pairs', lastFrame: true }), ['publictest']);
    const sequences = whole.sets.publictest as SequenceSet;
    const stills = last.sets.publictest!;
    expect('sequences' in stills).toBe(false);
    expect(stills.count).toBe(sequences.sequences.length);
    expect([...stills.labels]).toEqual(sequences.sequences.map(({ label }) => label));
    const frame = (set: { images: Uint8Array }, i: number) =>
      set.images.subarray(i * 48 * 48, (i + 1) * 48 * 48);
    expect(frame(stills, 5)).toEqual(frame(sequences, sequences.sequences[5].frames.at(-1)!));
  });

  it('holds a tenth of Training out, all classes in it, and refuses it of sequences', async () => {
    const whole = await openTraining(spec({}));
    expect(whole).toMatchObject({ held: 'held-out identities' });
    const { training, validation, held } = await openTraining(spec({ validation: 'held' }));
    expect(held).toBe('a tenth of Training');
    expect(classCounts(training)).toEqual(new Array(7).fill(288));
    expect(classCounts(validation!)).toEqual(new Array(7).fill(32));
    await expect(
      openTraining(spec({ data: 'synthetic-sequences', validation: 'held' })),
    ).rejects.toThrow(/--fold holds subjects out/);
  });

  it('refuses last frames of stills, and paths that are not there', async () => {
    await expect(openData(spec({ lastFrame: true }), ['publictest'])).rejects.toThrow(
      /no sequences/,
    );
    await expect(openData(spec({ data: join(folder, 'no') }))).rejects.toThrow(/no/);
  });

  it('reads a csv', async () => {
    const path = join(folder, 'fer2013.csv');
    const row = (label: number, usage: string) =>
      `${label},${new Array(2304).fill(label * 10).join(' ')},${usage}`;
    writeFileSync(
      path,
      ['emotion,pixels,Usage', row(3, 'Training'), row(6, 'Training'), row(0, 'PublicTest')].join(
        '\n',
      ),
    );
    const { kind, sets } = await openData(spec({ data: path, without: ['neutral'] }));
    expect(kind).toBe('fer2013');
    expect(sets.training!.count).toBe(1);
    expect(sets.publictest!.count).toBe(1);
    expect(sets.privatetest).toBeUndefined();
  });
});

it('dataPath makes paths absolute and leaves the names of drawings', () => {
  expect(dataPath('synthetic-pairs')).toBe('synthetic-pairs');
  expect(dataPath('some/where')).toBe(join(process.cwd(), 'some/where'));
});

describe('fitClasses', () => {
  it('leaves out of a sequence set what the model does not know', () => {
    const set = syntheticSequences({ seed: 1, count: 14, frames: 2 });
    const fitted = fitClasses(set, EXPRESSIONS.slice(1)) as SequenceSet;
    expect(fitted.sequences.map(({ label }) => label)).toEqual([
      0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5,
    ]);
    expect(classCounts(fitted).length).toBe(6);
  });

  it('takes the same classes in another order', () => {
    const set = syntheticFaces({ seed: 1, count: 14 });
    const classes = [...EXPRESSIONS].reverse();
    const notes: string[] = [];
    const fitted = fitClasses(set, classes, notes) as ImageSet;
    const named = (one: ImageSet) => Array.from(one.labels, (label) => one.classes[label]);
    expect(fitted.classes).toEqual(classes);
    expect(named(fitted)).toEqual(named(set));
    expect(fitted.images).toEqual(set.images);
    expect(notes).toEqual([]);
  });

  it('measures the classes that are known, and names the rest', () => {
    const set = syntheticFaces({ seed: 1, count: 14 });
    const [other, ...known] = EXPRESSIONS;
    const notes: string[] = [];
    const fitted = fitClasses(set, [...known, 'contempt'], notes);
    expect(classCounts(fitted)).toEqual([2, 2, 2, 2, 2, 2, 0]);
    expect(notes).toEqual([
      `${other} left out: not a class of the weights.`,
      'The data does not have contempt.',
    ]);
  });

  it('refuses data with none of them, and lists what is there', () => {
    const set = { ...syntheticFaces({ seed: 1, count: 7 }), classes: [...'1234567'] };
    expect(() => fitClasses(set, ['cat', 'dog'])).toThrow(
      /has 1, 2, 3, 4, 5, 6, 7, they have cat, dog/,
    );
  });
});

it('image sets go through JSON and blobs unchanged', () => {
  const set = syntheticSequences({ seed: 1, count: 7, frames: 3 });
  const { header, blobs } = packImageSet('x', set);
  const back = unpackImageSet('x', JSON.parse(JSON.stringify(header)), blobs);
  delete set.groups; // the model does not learn from them
  expect(back).toEqual(set);
  expect(() => unpackImageSet('x', header, { ...blobs, 'x.labels': new Uint8Array(3) })).toThrow();
});

describe('resolveConfig', () => {
  const faces = syntheticFaces({ seed: 1, count: 14 });
  const sequences = syntheticSequences({ seed: 1, count: 14, frames: 3 });
  const options = (changes: Partial<TrainOptions>): TrainOptions => ({
    data: 'synthetic',
    fold: 0,
    ...changes,
  });

  it('names the readable kernels with --kernels plain', () => {
    const config = resolveConfig(options({ kernels: 'plain' }), 'fer2013', faces, {
      systems: SYSTEMS,
    });
    expect(config.tuning?.kernels).toBe('plain');
    expect(
      resolveConfig(options({ kernels: 'fast' }), 'fer2013', faces, { systems: SYSTEMS }).tuning,
    ).toBeUndefined();
  });

  it('takes what is usual, then the file, then the options', () => {
    const path = join(folder, 'config.json');
    writeFileSync(
      path,
      JSON.stringify({ preset: 'paper', epochs: 3, batch: 8, model: { dropout: 0.5, hidden: 10 } }),
    );
    const usual = resolveConfig(options({}), 'fer2013', faces, { systems: SYSTEMS });
    expect(usual).toMatchObject({ epochs: 17, batch: 64, model: { size: 48, hidden: 128 } });
    const config = resolveConfig(
      options({ config: path, batch: 4, dropout: 0, rate: 0.5, gamma: 0, streams: ['raw'] }),
      'fer2013',
      faces,
      { systems: SYSTEMS },
    );
    expect(config).toMatchObject({
      epochs: 3,
      batch: 4,
      optimizer: { name: 'adamw', learningRate: 0.5 },
      loss: { gamma: 0, alpha: 'sqrt' },
      model: { size: 96, hidden: 10, dropout: 0, streams: ['raw'] },
    });
  });

  it('takes the network of the weights to start from, unless another is named', () => {
    const init = modelConfig('tiny', { hidden: 9, dropout: 0.1 });
    const begun = (changes: Partial<TrainOptions>) =>
      resolveConfig(options(changes), 'synthetic', faces, { systems: SYSTEMS }, init);
    expect(begun({ freeze: true })).toMatchObject({ model: init, requiresGrad: 'last' });
    expect(begun({ preset: 'small' })).toMatchObject({ model: { hidden: 128, dropout: 0 } });
  });

  it('goes over sequences as sequences', () => {
    const config = resolveConfig(options({}), 'synthetic-pairs', sequences, { systems: SYSTEMS });
    expect(config.model.frames).toEqual({ mode: 'sequence', count: 3 });
    const still = { frames: { mode: 'still', count: 1 } } as const;
    expect(() =>
      resolveConfig(options(still), 'synthetic-pairs', sequences, { systems: SYSTEMS }),
    ).toThrow(/--frames/);
    const sequence = { frames: { mode: 'sequence', count: 1 } } as const;
    expect(() =>
      resolveConfig(options(sequence), 'synthetic', faces, { systems: SYSTEMS }),
    ).toThrow(/no sequences/);
  });

  it('names a setting that there is not', () => {
    const path = join(folder, 'wrong.json');
    writeFileSync(path, '{"epoch": 3}');
    expect(() =>
      resolveConfig(options({ config: path }), 'synthetic', faces, { systems: SYSTEMS }),
    ).toThrow(/wrong\.json.*epoch/);
    writeFileSync(path, '{');
    expect(() =>
      resolveConfig(options({ config: path }), 'synthetic', faces, { systems: SYSTEMS }),
    ).toThrow(/wrong\.json/);
  });
});

describe('commands', () => {
  it('data counts, and ends with JSON', async () => {
    const lines: string[] = [];
    const log = vi
      .spyOn(console, 'log')
      .mockImplementation((line: string) => void lines.push(line));
    const code = await data(['--json']).finally(() => log.mockRestore());
    expect(code).toBe(0);
    const { splits } = JSON.parse(lines.at(-1)!);
    expect(splits.training.counts).toEqual(new Array(7).fill(320));
    expect(splits.publictest.blank).toEqual([]);
  });

  it('wrong options end with 1, help with 0', async () => {
    const silent = [
      vi.spyOn(process.stdout, 'write').mockReturnValue(true),
      vi.spyOn(process.stderr, 'write').mockReturnValue(true),
    ];
    try {
      expect(await train(['--help'])).toBe(0);
      expect(await train(['--epochs', '0'])).toBe(1);
      expect(await train(['--frames', 'views'])).toBe(1);
      expect(await train(['--streams', 'equalized,nose'])).toBe(1);
      expect(await train(['--runtime', 'firefox'])).toBe(1);
    } finally {
      silent.forEach((spy) => spy.mockRestore());
    }
  });

  it('a folder that holds something is not written over', async () => {
    writeFileSync(join(folder, 'something'), '');
    await expect(train(['--out', folder])).rejects.toThrow(/not empty/);
    await expect(train(['--resume', folder])).rejects.toThrow(/no run/);
  });
});
