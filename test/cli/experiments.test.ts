import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main as evaluate } from '../../cli/eval';
import { main as experiments } from '../../cli/experiments';
import { readExperiments, readResults } from '../../cli/experiment';
import { modelsPage, resultsPage } from '../../cli/results';
import { resolveConfig } from '../../cli/train_options';
import type { ImageSet } from '../../src/data/dataset';
import { encodeIdx } from '../../src/data/idx';
import { syntheticFaces } from '../../src/data/synthetic';
import { nodeAdapter } from '../../tools/node_adapter';
import { openModel } from '../../tools/own_model';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-experiments-'));
afterAll(() => rmSync(folder, { recursive: true }));
const runtime = ['--runtime', (await nodeAdapter()) === null ? 'chrome' : 'node'];
const held = syntheticFaces({ seed: 2, count: 21, firstIdentity: 1000 });
const training = syntheticFaces({ seed: 1, count: 56 });

/** FER2013's file; the first test images are copies of training images. */
function csv(name: string, train: ImageSet, copies = 3): string {
  const rows = (set: ImageSet, usage: string, of: ImageSet = set) =>
    Array.from(set.labels, (label, i) => {
      const from = i < copies ? of : set;
      const pixels = from.images.subarray(i * 48 * 48, (i + 1) * 48 * 48).join(' ');
      return `${from.labels[i] ?? label},${pixels},${usage}`;
    });
  const lines = [...rows(train, 'Training'), ...rows(held, 'PublicTest', train)];
  writeFileSync(join(folder, name), ['emotion,pixels,Usage', ...lines].join('\n'));
  return join(folder, name);
}

let data: string;
let other: string;
beforeAll(() => {
  data = csv('fer2013.csv', training);
  other = csv('other.csv', syntheticFaces({ seed: 9, count: 56 }));
});

async function run(main: (argv: string[]) => Promise<number>, argv: string[]): Promise<string[]> {
  const lines: string[] = [];
  const hear = (line: unknown) => void lines.push(...String(line).split('\n'));
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(hear),
    vi.spyOn(console, 'error').mockImplementation(hear),
  ];
  await main(argv).finally(() => spies.forEach((spy) => spy.mockRestore()));
  return lines;
}

describe('what the repository holds', () => {
  it('models/README.md lists the weights that experiments ship', () => {
    const text = readFileSync('models/README.md', 'utf8');
    expect(modelsPage(text, readExperiments(), readResults)).toBe(text);
    const files = readdirSync('models').filter((file) => file.endsWith('.safetensors'));
    expect(files.filter((file) => !text.includes(`\`${file}\``))).toEqual([]);
  });

  it('docs/results.md is made of experiments and results', () => {
    expect(readFileSync('docs/results.md', 'utf8')).toBe(
      resultsPage(readExperiments(), readResults),
    );
  });

  const trained = readExperiments().filter(({ corruptions, data }) => !corruptions && !data);
  const variants = trained.flatMap((experiment) =>
    experiment.variants.map((variant) => ({ experiment, variant })),
  );
  it.each(variants.map((one) => [one.experiment.id, one.variant.name, one] as const))(
    '%s: %s can be trained',
    async (_, __, { experiment, variant }) => {
      const { settings, compare = [], variants } = experiment;
      const model = { ...settings.model, ...variant.settings?.model };
      const config = { ...settings, ...variant.settings, model };
      const chosen = await openModel(variant.system);
      const faces = { ...training, name: 'fer2013' };
      const resolved = resolveConfig({ data, fold: 0, seed: 1, config }, 'fer2013', faces, chosen);
      const trained = resolved.model.name !== 'linear';
      if (trained) expect(['last', 'ema']).toContain(resolved.keep); // never chosen on PublicTest
      const names = variants.map(({ name }) => name);
      expect(names.filter((name) => name.includes(','))).toEqual([]); // --variants is a list
      expect(compare.flat().filter((name) => !names.includes(name))).toEqual([]);
    },
  );
});

it('trains what is missing, measures it, tests it, and does nothing twice', async () => {
  const definitions = join(folder, 'experiments');
  const results = join(folder, 'docs', 'results');
  mkdirSync(definitions);
  const settings = { preset: 'tiny', epochs: 1, batch: 8, keep: 'last' };
  const model = { size: 16, widths: [4, 8], dense: 8, hidden: 8 };
  const variants = ['raw', 'edges'].map((stream) => ({
    name: stream,
    settings: { model: { ...model, streams: [stream] } },
  }));
  const shipped = join(folder, 'raw.safetensors');
  Object.assign(variants[0], { weights: shipped });
  const fit = {
    name: 'lda',
    system: 'linear',
    settings: { model: { fit: 'pca-lda', components: 4 } },
  };
  const alone = {
    name: 'stream',
    system: 'stream',
    settings: { preset: undefined, model: { size: 16, widths: [4, 8], dense: 8, embedding: 8 } },
  };
  const definition = {
    ...{ id: 'tiny', title: 'Tiny', text: 'Two streams.', budget: 1, seeds: [1, 2] },
    ...{ validation: 'held', settings, compare: [['edges', 'raw']], embeddings: ['stream'] },
    variants: [...variants, fit, alone],
  };
  writeFileSync(join(definitions, 'tiny.json'), JSON.stringify(definition));
  const there = ['--definitions', definitions, '--results', results, '--out', join(folder, 'runs')];
  const listed = await run(experiments, there);
  expect(listed.join('\n')).toMatch(/tiny: Tiny[\s\S]*raw +–/);
  await expect(run(experiments, [...there, '--variants', 'raw,edged'])).rejects.toThrow(
    /no variant edged/,
  );
  const argv = [...there, '--data', data, ...runtime, '--seeds', '1,1'];
  await run(experiments, argv);
  const first = readResults('tiny', results);
  expect(first.rows.map(({ variant, seed }) => [variant, seed])).toEqual([
    ['raw', 1],
    ['edges', 1],
    ['lda', 1],
    ['stream', 1],
  ]);
  const [raw, , , stream] = first.rows;
  expect(raw.embedding).toBeUndefined();
  expect(stream.embedding!.neighbours).toBeGreaterThanOrEqual(0);
  expect(stream.embedding!.between).toBeGreaterThan(0);
  for (const row of first.rows) {
    expect(row.command).toMatch(/^npm run experiments -- --only tiny --data PATH --runtime \w+$/);
    const kept = Buffer.from(row.predictions, 'base64');
    expect(kept).toHaveLength(21);
    expect(row).toMatchObject({ images: 21, withoutCopies: { images: 18 }, learnt: 50 });
    expect(row.six.images).toBeLessThan(21);
    expect([...Buffer.from(row.predictionsSix, 'base64')]).not.toContain(6);
  }
  expect(first.comparisons).toMatchObject([{ pair: ['edges', 'raw'], seed: 1 }]);
  const again = await run(experiments, argv);
  expect(again.filter((line) => line.includes('million parameters'))).toEqual([]);
  expect(readResults('tiny', results)).toEqual(first);
  await run(experiments, [
    ...there,
    '--data',
    data,
    ...runtime,
    '--seeds',
    '2',
    '--variants',
    'raw,edges',
  ]);
  const both = readResults('tiny', results);
  expect(both.comparisons.map(({ seed }) => seed)).toEqual([1, 2, 'all']);
  const page = readFileSync(join(folder, 'docs', 'results.md'), 'utf8');
  expect(page).toBe(resultsPage(readExperiments(definitions), () => both));
  expect(page).toMatch(/\| raw \| – \| [\d.]+ ± [\d.]+ \|/);
  expect(page).toMatch(/\| stream \| [\d.]+ \| [\d.]+ \| [\d.]+ \| [\d.]+ \|/);
  // The runs' folders are of the other data.
  const elsewhere = [...there.slice(0, 2), '--results', join(folder, 'new'), ...there.slice(4)];
  await expect(run(experiments, [...elsewhere, '--data', other, ...runtime])).rejects.toThrow(
    /holds a run with other data/,
  );

  const figures = join(folder, 'figures.json');
  const look = [...there.slice(0, 4), '--evaluate', data, '--out', figures, ...runtime];
  expect(await run(experiments, look)).toContainEqual(
    expect.stringMatching(/raw\.safetensors: .* other than kept: 0/),
  );
  expect(JSON.parse(readFileSync(figures, 'utf8'))).toMatchObject([
    { variant: 'raw', split: 'publictest', accuracy: both.rows[0].accuracy },
  ]);

  const weights = ['--weights', shipped];
  const file = join(folder, 'predictions.json');
  const ask = ['--data', data, ...weights, ...runtime, '--predictions', file, '--json'];
  const measured = JSON.parse((await run(evaluate, ask)).at(-1)!);
  const [row] = both.rows;
  expect(measured).toMatchObject({ accuracy: row.accuracy, images: 21, classes: 7 });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ predictions: row.predictions });
  const masked = JSON.parse(
    (await run(evaluate, [...ask, '--classes', '6', '--without-copies'])).at(-1)!,
  );
  expect(masked).toMatchObject({ classes: 6, withoutCopies: true });
  expect(masked.images).toBeLessThan(18);
  const spoilt = JSON.parse((await run(evaluate, [...ask, '--corrupt', 'noise:5'])).at(-1)!);
  expect(spoilt).toMatchObject({ corrupt: { name: 'noise', level: 5 }, images: 21 });

  const light = {
    ...{
      id: 'light',
      title: 'Light',
      text: 'Dark and bright.',
      budget: 1,
      seeds: [],
      settings: {},
    },
    ...{ validation: 'publictest', corruptions: ['noise'], compare: [['raw', 'same']] },
    variants: [
      { name: 'raw', weights: shipped },
      { name: 'same', weights: shipped },
      { name: 'later', weights: join(folder, 'later.safetensors') },
    ],
  };
  writeFileSync(join(definitions, 'light.json'), JSON.stringify(light));
  const lines = await run(experiments, [...argv, '--only', 'light']);
  expect(lines).toContainEqual(
    expect.stringMatching(/light: later skipped: .* does not exist yet/),
  );
  const measuredOnce = readResults('light', results);
  const rows = measuredOnce.spoilt!;
  expect(rows.map(({ level }) => level)).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
  expect(rows[0]).toMatchObject({ variant: 'raw', accuracy: row.accuracy, images: 21 });
  expect(rows.find((one) => one.corruption === 'noise' && one.level === 5)).toMatchObject({
    accuracy: spoilt.accuracy,
  });
  expect(measuredOnce.spoiltComparisons).toHaveLength(2);
  expect(
    measuredOnce.spoiltComparisons!.every(({ b, c, p }) => b === 0 && c === 0 && p === 1),
  ).toBe(true);
  await run(experiments, [...argv, '--only', 'light']);
  expect(readResults('light', results)).toEqual(measuredOnce);
  const shown = readFileSync(join(folder, 'docs', 'results.md'), 'utf8');
  expect(shown).toMatch(
    /\| noise, standard deviation, grey levels \| as they are \| 5 \|[\s\S]*\| raw \| [\d.]+ \| [\d.]+ \([+−][\d.]+\) \|/,
  );
});

it('holds every subject of sequences out once, and adds the folds up', async () => {
  const ckplus = join(folder, 'ckplus');
  const definitions = join(folder, 'by-subject');
  const results = join(folder, 'by-subject-docs', 'results');
  mkdirSync(ckplus);
  mkdirSync(definitions);
  const faces = syntheticFaces({ seed: 3, count: 60 });
  const sequences = Array.from({ length: 20 }, (_, i) => ({
    subject: `S${i >> 1}`,
    label: i % 7,
    frames: [0, 1, 2].map((frame) => ({ image: 3 * i + frame })),
  }));
  const labels = Uint8Array.from({ length: 60 }, (_, i) => Math.floor(i / 3) % 7);
  writeFileSync(join(ckplus, 'ckplus48-images-idx3-ubyte'), encodeIdx([60, 48, 48], faces.images));
  writeFileSync(join(ckplus, 'ckplus48-labels-idx1-ubyte'), encodeIdx([60], labels));
  writeFileSync(join(ckplus, 'sequences.json'), JSON.stringify({ sequences }));
  const model = { size: 16, widths: [4, 8], dense: 8, hidden: 8, streams: ['raw'] };
  const init = join(folder, 'begin.safetensors');
  const definition = {
    ...{ id: 'time', title: 'Time', text: 'Two folds of five.', data: 'ckplus', folds: 2 },
    ...{ budget: 1, seeds: [1], validation: 'publictest' },
    settings: { preset: 'tiny', epochs: 1, batch: 8, keep: 'last', model },
    variants: [{ name: 'last', frames: 'last' }, { name: 'sequence' }],
    compare: [['sequence', 'last']],
  };
  const write = (definition: object) =>
    writeFileSync(join(definitions, 'time.json'), JSON.stringify(definition));
  write(definition);
  const out = join(folder, 'by-subject-runs');
  const there = ['--definitions', definitions, '--results', results, '--out', out, ...runtime];
  expect(await run(experiments, [...there, '--data', data])).toContainEqual(
    expect.stringMatching(/time skipped: it needs ckplus, and this is fer2013/),
  );
  await run(experiments, [...there, '--data', ckplus]);
  const first = readResults('time', results);
  expect(first.folds!.map(({ variant, fold }) => [variant, fold])).toEqual([
    ['last', 0],
    ['last', 1],
    ['sequence', 0],
    ['sequence', 1],
  ]);
  for (const row of first.folds!) {
    expect(row).toMatchObject({ images: 4, learnt: 16, epoch: 1 });
    expect(Buffer.from(row.predictions, 'base64')).toHaveLength(4);
  }
  const held = first.folds!.map((row) => row.labels);
  expect(held.slice(0, 2)).toEqual(held.slice(2));
  expect(first.comparisons).toMatchObject([{ pair: ['sequence', 'last'], seed: 1 }]);

  // The weights of one fold as the beginning of others, and as they are.
  copyFileSync(join(out, 'time', 'last-seed1-fold0', 'weights.safetensors'), init);
  const more = [
    { name: 'from weights', frames: 'last', init },
    { name: 'weights alone', frames: 'last', init, untrained: true },
  ];
  write({ ...definition, seeds: [1, 2], variants: [...definition.variants, ...more] });
  const second = ['--data', ckplus, '--seeds', '1', '--variants', 'from weights,weights alone'];
  await run(experiments, [...there, ...second]);
  const both = readResults('time', results);
  expect(both.folds!.slice(0, 4)).toEqual(first.folds);
  const alone = both.folds!.find(({ variant, fold }) => variant === 'weights alone' && fold === 0);
  expect(alone).toMatchObject({ learnt: 0, predictions: first.folds![0].predictions });
  expect(both.folds!.find(({ variant }) => variant === 'from weights')!.predictions).toBeDefined();
  await run(experiments, [...there, ...second]);
  expect(readResults('time', results)).toEqual(both);
  const page = readFileSync(join(results, '..', 'results.md'), 'utf8');
  expect(page).toMatch(
    /\| weights alone \| – \| [\d.]+ \([\d.]+ to [\d.]+\) \| [\d.]+ \| 8 \| 1 \| not trained \|/,
  );
});

it('measures pictures by class too where results are of their own', async () => {
  const definitions = join(folder, 'own');
  const pictures = join(folder, 'pictures');
  mkdirSync(definitions);
  const shape = { raw: { width: 48, height: 48, channels: 1 } } as const;
  for (let i = 0; i < 40; i++) {
    const name = training.classes[training.labels[i]];
    mkdirSync(join(pictures, name), { recursive: true });
    const pixels = training.images.subarray(i * 48 * 48, (i + 1) * 48 * 48);
    await sharp(pixels, shape).toFile(join(pictures, name, `${i}.png`));
  }
  const model = { size: 16, widths: [4, 8], dense: 8, hidden: 8, streams: ['raw'] };
  const settings = { preset: 'tiny', epochs: 1, batch: 8, keep: 'last', model };
  const text = { id: 'own', title: 'Own', text: 'Own pictures.', budget: 1 };
  const definition = { ...text, seeds: [1], validation: 'held', settings };
  const variants = [{ name: 'raw' }];
  writeFileSync(join(definitions, 'own.json'), JSON.stringify({ ...definition, variants }));
  const results = join(folder, 'own-docs', 'results');
  const there = ['--definitions', definitions, '--results', results, ...runtime];
  const argv = [...there, '--out', join(folder, 'own-runs')];
  await run(experiments, [...argv, '--data', pictures]);
  const { rows } = readResults('own', results);
  expect(rows).toMatchObject([{ variant: 'raw', epoch: 1 }]);
  expect(rows[0].images).toBe(8); // a fifth is held out
});

it('counts the images of the splits that there are', async () => {
  const definitions = join(folder, 'counted');
  const results = join(folder, 'counted-docs', 'results');
  mkdirSync(definitions);
  const text = { id: 'images', title: 'Images', text: 'By class.', budget: 1, seeds: [] };
  const counts = { angry: 4953, happy: 8989 };
  const definition = { ...text, validation: 'publictest', settings: {}, variants: [], counts };
  writeFileSync(join(definitions, 'images.json'), JSON.stringify(definition));
  await run(experiments, ['--definitions', definitions, '--results', results, '--data', data]);
  const found = readResults('images', results).counts!;
  expect(Object.keys(found)).toEqual(['training', 'publictest']);
  expect(Object.values(found.training).reduce((a, b) => a + b)).toBe(training.count);
  const page = readFileSync(join(results, '..', 'results.md'), 'utf8');
  expect(page).toMatch(/\| the paper, all splits \| 4953 \| 8989 \| 13942 \| – \|/);
  expect(page).toMatch(/\| publictest \| \d+ \| \d+ \|/);
});
