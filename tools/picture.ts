import { mkdirSync } from 'node:fs';
import sharp from 'sharp';
import { syntheticFaces } from '../src/data/synthetic';
import { requestNodeGpu } from '../src/gpu/node';
import { f32 } from '../src/kernels/kernel';
import { Plan } from '../src/tape/plan';
import { Storage } from '../src/tape/storage';
import { Tape } from '../src/tape/tape';
import { state } from '../src/tape/value';
import { preprocess, type PreprocessConfig, type StreamKind } from '../src/vision/preprocess';
import { nodeAdapter } from './node_adapter';

const SIZE = 96;
const GAP = 4;
const OUT = 'docs/public/preprocessing.png';

/**
 * `node scripts/run.mjs tools/picture.ts`: draws the README's picture, one synthetic face of every
 * expression, raw and as the streams see it. Faces are drawings, so anyone may show them.
 */
export async function main(): Promise<number> {
  await nodeAdapter();
  const gpu = await requestNodeGpu();
  const { images, classes, labels, count } = syntheticFaces({ seed: 3, count: 70, size: SIZE });
  const pixels = SIZE * SIZE;
  const chosen = classes.map((_, c) => labels.findIndex((label) => label === c));
  const faces = Float32Array.from(
    chosen.flatMap((i) => [...images.subarray(i * pixels, (i + 1) * pixels)]),
  );
  if (chosen.some((i) => i < 0)) throw new Error(`no face of every class among ${count}`);

  const storage = new Storage(gpu);
  const x = state('faces', f32([classes.length, SIZE, SIZE]));
  storage.write(x, faces);
  const tape = new Tape(gpu.capabilities);
  const stream = (kind: StreamKind, config?: PreprocessConfig) => preprocess(tape, x, kind, config);
  const rows = [stream('equalized'), stream('edges'), stream('edges', { edges: { mode: 'map' } })];
  const plan = await Plan.compile(tape, storage, { keep: rows });
  plan.run();
  const streams = [faces, ...(await Promise.all(rows.map((row) => plan.read(row))))];

  const width = classes.length * (SIZE + GAP) - GAP;
  const height = streams.length * (SIZE + GAP) - GAP;
  const sheet = new Uint8Array(width * height).fill(255);
  streams.forEach((data, r) => {
    for (let i = 0; i < data.length; i++) {
      const face = Math.floor(i / pixels);
      const y = Math.floor((i % pixels) / SIZE);
      sheet[(r * (SIZE + GAP) + y) * width + face * (SIZE + GAP) + (i % SIZE)] = data[i];
    }
  });
  mkdirSync('docs/public', { recursive: true });
  await sharp(sheet, { raw: { width, height, channels: 1 } })
    .png()
    .toFile(OUT);
  console.log(OUT);
  return 0;
}
