/** Weights go to PyTorch and come back: models/pytorch. Where there is no PyTorch, this says so and is skipped. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import type { ImageSet } from '../../src/data/dataset';
import type { Gpu } from '../../src/gpu/device';
import { requestNodeGpu } from '../../src/gpu/node';
import { Storage } from '../../src/tape/storage';
import { trainConfig } from '../../src/train/config';
import { Evaluator } from '../../src/train/evaluator';
import { Trainer } from '../../src/train/trainer';
import { loadNetwork, readWeights } from '../../src/train/weights_file';
import { nodeAdapter } from '../../tools/node_adapter';

const PYTHONS = [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter(Boolean) as string[];
const python = PYTHONS.find(
  (program) => spawnSync(program, ['-c', 'import torch, numpy']).status === 0,
);
const adapter = await nodeAdapter();
const missing = !python ? 'no Python with torch (Debian: python3-torch)' : 'no GPU adapter in Node';
if (!python || !adapter) console.log(`PyTorch's round trip is not tested: ${missing}`);

const folder = mkdtempSync(join(tmpdir(), 'facegrad-pytorch-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Pictures in, one JSON list of probabilities out. */
const PREDICT = `
import json, sys, numpy, torch
sys.path.insert(0, "models/pytorch")
import facegrad
network, _ = facegrad.load(sys.argv[1])
pictures = torch.from_numpy(numpy.fromfile(sys.argv[2], numpy.uint8).reshape(-1, 48, 48))
print(json.dumps(network.predict(pictures).flatten().tolist()))
`;

function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(python!, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

function theirs(weights: string, pictures: ImageSet): number[] {
  const file = join(folder, 'pictures');
  writeFileSync(file, pictures.images);
  return JSON.parse(run('-c', PREDICT, weights, file)) as number[];
}

async function ours(gpu: Gpu, weights: string, pictures: ImageSet): Promise<Float64Array> {
  const storage = new Storage(gpu);
  const network = loadNetwork(readWeights(readFileSync(weights)), storage);
  const evaluator = await Evaluator.create(network, storage, pictures);
  const probabilities = await evaluator.probabilities();
  evaluator.dispose();
  storage.dispose();
  return probabilities;
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));

it.skipIf(!python || !adapter)(
  'PyTorch gives the same probabilities, goes on training, and gives the file back',
  async () => {
    const gpu = await requestNodeGpu();
    const training = syntheticFaces({ seed: 1, count: 42, size: 48 });
    const pictures = syntheticFaces({ seed: 2, count: 14, size: 48, firstIdentity: 100 });
    const config = trainConfig('tiny', { epochs: 2, batch: 14, seed: 1 });
    const trainer = await Trainer.create(gpu, config, { training });
    for await (const event of trainer.run()) void event;
    const [first, second] = ['ours', 'theirs'].map((name) => join(folder, `${name}.safetensors`));
    writeFileSync(first, await trainer.weights());
    trainer.dispose();

    const before = await ours(gpu, first, pictures);
    expect(apart(before, theirs(first, pictures))).toBeLessThan(1e-5);

    const csv = join(folder, 'fer2013.csv');
    const rows = Array.from({ length: training.count }, (_, i) => {
      const pixels = training.images.subarray(i * 2304, (i + 1) * 2304).join(' ');
      return `${training.labels[i]},${pixels},Training`;
    });
    writeFileSync(csv, ['emotion,pixels,Usage', ...rows, ''].join('\n'));
    const options = ['--weights', first, '--data', csv, '--out', second, '--epochs', '2'];
    expect(run('models/pytorch/train.py', ...options, '--batch', '14')).toMatch(/epoch 2: loss/);
    const after = await ours(gpu, second, pictures);
    expect(apart(after, before)).toBeGreaterThan(1e-3);
    expect(apart(after, theirs(second, pictures))).toBeLessThan(1e-5);
    const { provenance } = readWeights(readFileSync(second));
    expect(provenance.continued).toMatch(/PyTorch/);
    gpu.dispose();
  },
  300_000,
);
