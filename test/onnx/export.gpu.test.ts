import { describe, expect, it } from 'vitest';
import { bordered, f32, storageSize } from '../../src/kernels/kernel';
import { random } from '../../src/kernels/random';
import { modelConfig, type ModelConfig } from '../../src/nn/config';
import { Model } from '../../src/nn/model';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { u32 } from '../../src/kernels/kernel';
import { exportOnnx } from '../../src/onnx/export';
import { testGpu } from '../support/gpu';
import { hasOnnxRuntime, runOnnx, type Feed } from '../support/onnxruntime';

const noise = (seed: number, i: number) => random(seed, 1, 2, i) / 2 ** 31 - 1;

/** A trained model's like: statistics that are not at rest, weights that matter. */
async function compare(changes: Partial<ModelConfig>, samples: number) {
  const gpu = await testGpu();
  const config = modelConfig('tiny', {
    size: 13,
    widths: [3, 5],
    dense: 6,
    hidden: 4,
    ...changes,
  });
  const { size, streams, frames } = config;
  const steps = frames.mode === 'sequence' ? frames.count : 1;
  const model = new Model(config);
  const storage = new Storage(gpu);
  model.initialize(storage, 5);
  const tensors = (await model.export(storage)).map((tensor, t) => ({
    ...tensor,
    data: tensor.data.map((value, i) =>
      tensor.name.endsWith('running_var') ? 0.5 + Math.abs(noise(t, i)) : value + noise(t, i) / 2,
    ),
  }));
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  model.import(storage, byName);

  const layout = bordered(size);
  const images = steps * samples;
  const x = state('x', f32([streams.length, images, 1, size, size], layout));
  const dense = streams.map((_, g) =>
    Float32Array.from({ length: images * size * size }, (__, i) => 2 * noise(90 + g, i)),
  );
  const stored = new Float32Array(storageSize(x.spec));
  dense.forEach((stream, g) =>
    stream.forEach((value, i) => {
      const [image, y, column] = [
        Math.floor(i / size / size),
        Math.floor(i / size) % size,
        i % size,
      ];
      const plane = (size + 2 * layout.border) * layout.rowStride;
      const row = (y + layout.border) * layout.rowStride;
      stored[(g * images + image) * plane + row + column + layout.border] = value;
    }),
  );
  storage.write(x, stored);
  const lengths = state('lengths', u32([samples]));
  const counts = Uint32Array.from({ length: samples }, (_, n) => 1 + (n % steps));
  storage.write(lengths, counts);
  const tape = new Tape(gpu.capabilities);
  const logits = model.forwardFrom(tape, x, samples, {
    training: false,
    step: state('step', u32([64])),
    lengths: steps > 1 ? lengths : undefined,
  });
  const plan = await Plan.compile(tape, storage, { keep: [logits] });
  plan.run();
  const wanted = (await plan.read(logits)) as Float32Array;
  plan.dispose();
  storage.dispose();

  const shape = [...(steps > 1 ? [steps, samples] : [samples]), 1, size, size];
  const feeds: Record<string, Feed> = Object.fromEntries(
    streams.map((stream, g) => [stream, { shape, data: dense[g] }]),
  );
  if (steps > 1) feeds.lengths = { shape: [samples], data: Int32Array.from(counts) };
  const given = await runOnnx(exportOnnx({ config, tensors: byName }), feeds);
  const classes = config.classes.length;
  expect(given.probabilities.dims).toEqual([samples, classes]);
  for (let n = 0; n < samples; n++) {
    const row = [...wanted.subarray(n * classes, (n + 1) * classes)];
    const exps = row.map((z) => Math.exp(z - Math.max(...row)));
    const sum = exps.reduce((a, b) => a + b);
    row.forEach((z, c) => {
      expect(Math.abs(given.logits.data[n * classes + c] - z)).toBeLessThan(1e-3);
      const difference = given.probabilities.data[n * classes + c] - exps[c] / sum;
      expect(Math.abs(difference)).toBeLessThan(1e-4);
    });
  }
}

describe.skipIf(!hasOnnxRuntime)(
  'a model as ONNX gives the same probabilities in onnxruntime',
  () => {
    const cases: [string, Partial<ModelConfig>, number][] = [
      ['two streams, one step', {}, 3],
      ['one stream', { streams: ['raw'] }, 2],
      ['a dense layer in place of the LSTM', { fusion: 'concat' }, 2],
      ['a dense layer over one stream', { fusion: 'concat', streams: ['edges'] }, 1],
      ['streams as steps', { frames: { mode: 'streams', count: 2 } }, 3],
      ['views, one of them', { frames: { mode: 'views', count: 3 } }, 2],
      ['sequences with lengths', { frames: { mode: 'sequence', count: 3 } }, 4],
      ['sequences of one stream', { frames: { mode: 'sequence', count: 2 }, streams: ['raw'] }, 2],
      ['the preset', { size: 48, widths: [8, 16, 16, 32, 32], dense: 64, hidden: 32 }, 2],
    ];
    it.each(cases)('%s', (_, changes, samples) => compare(changes, samples));
  },
);

describe('exportOnnx', () => {
  it('refuses weights that do not fit', () => {
    const config = modelConfig('tiny');
    expect(() => exportOnnx({ config, tensors: new Map() })).toThrow(/the weights hold no/);
  });
});
