import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { main as evaluate } from '../../cli/eval';
import { main as exportOnnx } from '../../cli/export';
import { main as predict } from '../../cli/predict';
import { main as train } from '../../cli/train';
import type { ImageSet } from '../../src/data/dataset';
import { syntheticFaces } from '../../src/data/synthetic';
import { nodeAdapter } from '../../tools/node_adapter';
import { MODEL_VARIABLE } from '../../tools/own_systems';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));
const csv = join(folder, 'fer2013.csv');
const config = join(folder, 'config.json');
const inNode = (await nodeAdapter()) !== null;
const held = syntheticFaces({ seed: 2, count: 21, firstIdentity: 1000 });

beforeAll(async () => {
  const rows = (set: ImageSet, usage: string) =>
    Array.from(set.labels, (label, i) => {
      const pixels = set.images.subarray(i * 48 * 48, (i + 1) * 48 * 48).join(' ');
      return `${label},${pixels},${usage}`;
    });
  const training = rows(syntheticFaces({ seed: 1, count: 56 }), 'Training');
  const lines = ['emotion,pixels,Usage', ...training, ...rows(held, 'PublicTest')];
  writeFileSync(csv, lines.join('\n'));
  // Without an LSTM: Chrome, started four times, would compile it for half a minute each time.
  const model = { size: 16, widths: [4, 8], dense: 8, fusion: 'concat' };
  writeFileSync(
    config,
    JSON.stringify({ preset: 'tiny', epochs: 2, batch: 8, logEvery: 1, model }),
  );
  await sharp(Buffer.from(held.images.subarray(0, 48 * 48)), {
    raw: { width: 48, height: 48, channels: 1 },
  })
    .png()
    .toFile(join(folder, 'face.png'));
});

/** Runs a command; returns its exit code and what it printed, by lines. */
async function run(
  main: (argv: string[]) => Promise<number>,
  argv: string[],
  onLine: (line: string) => void = () => {},
): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const hear = (line: unknown) => {
    lines.push(...String(line).split('\n'));
    onLine(String(line));
  };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation(hear),
    vi.spyOn(console, 'error').mockImplementation(hear),
  ];
  const code = await main(argv).finally(() => spies.forEach((spy) => spy.mockRestore()));
  return { code, lines };
}

const last = (lines: string[]) => JSON.parse(lines.at(-1)!);

it('trains in Chrome, stops at Ctrl-C, goes on, and measures the same again', async () => {
  const out = join(folder, 'run');
  const options = ['--data', csv, '--config', config, '--out', out, '--json'];
  const stopped = await run(train, options, (line) => {
    if (line.startsWith('epoch 1')) process.emit('SIGINT');
  });
  expect(stopped.code).toBe(130);
  expect(stopped.lines).toContain(`To resume: npm run train -- --resume ${out}`);
  expect(last(stopped.lines)).toMatchObject({ reason: 'stopped' });
  expect(existsSync(join(out, 'checkpoint.safetensors'))).toBe(true);

  const resumed = await run(train, ['--resume', out, '--json']);
  expect(resumed.code).toBe(0);
  const result = last(resumed.lines);
  expect(result).toMatchObject({ reason: 'finished', step: 14, split: 'publictest', images: 21 });
  const log = readFileSync(join(out, 'log.jsonl'), 'utf8').trimEnd().split('\n');
  const steps = log.map((line) => JSON.parse(line)).filter(({ type }) => type === 'step');
  expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
  const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
  expect(report.epochs.length).toBe(2);
  expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain('| 2 |');

  const weights = ['--weights', join(out, 'weights.safetensors')];
  const measured = await run(evaluate, ['--data', csv, ...weights, '--json']);
  expect(last(measured.lines)).toMatchObject({
    accuracy: result.accuracy,
    split: 'publictest',
    classes: 7,
    images: 21,
    weights: weights[1],
    runtime: 'chrome',
  });

  if (inNode) {
    const there = ['--runtime', 'node', '--json'];
    const again = await run(evaluate, ['--data', csv, ...weights, ...there]);
    // Another adapter rounds elsewhere: one of 21 images may tip over.
    expect(Math.abs(last(again.lines).accuracy - result.accuracy)).toBeLessThanOrEqual(
      1 / 21 + 1e-9,
    );
    const averaged = await run(evaluate, ['--data', csv, ...weights, '--tta', ...there]);
    expect(last(averaged.lines)).toMatchObject({ tta: 'mirror-shift', images: 21 });
  }

  const face = join(folder, 'face.png');
  const predicted = await run(predict, [face, ...weights, '--json']);
  const [image] = last(predicted.lines).images;
  expect(Object.keys(image.probabilities)).toEqual(held.classes);
  const sum = Object.values<number>(image.probabilities).reduce((a, b) => a + b, 0);
  expect(sum).toBeCloseTo(1, 6);
});

it('trains, resumes, evaluates, predicts with and exports the network of docs/own-model.md', async () => {
  const page = readFileSync('docs/own-model.md', 'utf8');
  const [, code] = /```ts\n\/\/ my-network\.ts\n([\s\S]*?)```/.exec(page)!;
  const model = join(folder, 'my-network.ts');
  writeFileSync(model, code);
  const out = join(folder, 'own-run');
  const settings = join(folder, 'own.json');
  writeFileSync(settings, JSON.stringify({ epochs: 1, batch: 8, model: { width: 4, size: 48 } }));
  const options = ['--model', model, '--data', csv, '--config', settings, '--out', out, '--json'];
  try {
    const trained = await run(train, options);
    expect(last(trained.lines)).toMatchObject({ reason: 'finished', step: 7, images: 21 });
    // The folder knows the file; the other runtime goes on with it.
    const there = inNode ? ['--runtime', 'node'] : [];
    const resumed = await run(train, ['--resume', out, '--epochs', '2', ...there, '--json']);
    const result = last(resumed.lines);
    expect(result).toMatchObject({ reason: 'finished', step: 14 });

    const weights = ['--weights', join(out, 'weights.safetensors')];
    const own = ['--model', model, ...weights, ...there];
    const measured = await run(evaluate, ['--data', csv, ...own, '--json']);
    expect(last(measured.lines)).toMatchObject({ accuracy: result.accuracy, images: 21 });
    const predicted = await run(predict, [join(folder, 'face.png'), ...own, '--json']);
    expect(Object.keys(last(predicted.lines).images[0].probabilities)).toEqual(held.classes);
    const onnx = join(folder, 'own.onnx');
    await run(exportOnnx, ['--model', model, ...weights, '--out', onnx]);
    expect(readFileSync(onnx, 'latin1')).toContain('BatchNormalization');

    // Weights never carry code.
    await expect(run(evaluate, ['--data', csv, ...weights])).rejects.toThrow(
      /unknown network my-network/,
    );
  } finally {
    delete process.env[MODEL_VARIABLE];
  }
});

it('takes a built-in network by name, and says which there are', async () => {
  const settings = join(folder, 'residual.json');
  const model = { size: 16, widths: [4, 8] };
  writeFileSync(settings, JSON.stringify({ epochs: 1, batch: 28, model }));
  const out = join(folder, 'residual');
  const options = ['--data', csv, '--config', settings, '--runtime', inNode ? 'node' : 'chrome'];
  const trained = await run(train, ['--model', 'residual', ...options, '--out', out, '--json']);
  expect(last(trained.lines)).toMatchObject({ reason: 'finished', step: 2 });
  await expect(run(train, ['--model', 'no-such-network', ...options])).rejects.toMatchObject({
    message: expect.stringContaining('neither a network'),
    available: expect.arrayContaining(['cnn-lstm', 'residual']),
  });
});

it('holds out a tenth of Training, keeps the average, begins with weights, and goes on so', async () => {
  const first = join(folder, 'first');
  const second = join(folder, 'second');
  const there = ['--data', csv, '--config', config, '--runtime', inNode ? 'node' : 'chrome'];
  const honest = ['--validation', 'held', '--keep', 'ema', '--json'];
  const begun = await run(train, [...there, ...honest, '--epochs', '1', '--out', first]);
  // Every tenth of 56, dealt out class by class.
  expect(last(begun.lines)).toMatchObject({ split: 'held', images: 6, keep: 'ema', epoch: 1 });
  expect(begun.lines).toContainEqual(expect.stringContaining('the moving average at its end'));
  const init = join(first, 'weights.safetensors');
  const options = [...there, ...honest, '--init', init, '--out', second];
  const stopped = await run(train, options, (line) => {
    if (line.startsWith('epoch 1')) process.emit('SIGINT');
  });
  expect(stopped.code).toBe(130);
  const resumed = await run(train, ['--resume', second, '--json']);
  expect(last(resumed.lines)).toMatchObject({ reason: 'finished', images: 6, split: 'held' });
  expect(JSON.parse(readFileSync(join(second, 'run.json'), 'utf8'))).toMatchObject({ init });
});

it('freezes nothing that would stay random', async () => {
  await expect(run(train, ['--data', csv, '--freeze'])).rejects.toThrow(/--freeze needs --init/);
});

it('says what is wrong with a weights file before a GPU is opened', async () => {
  await expect(evaluate(['--weights', csv])).rejects.toThrow(/fer2013\.csv/);
  await expect(evaluate(['--weights', join(folder, 'none')])).rejects.toThrow(/none/);
});
