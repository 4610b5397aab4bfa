import { expect } from 'vitest';
import { f32, size as elements, u32 } from '../../src/kernels/kernel';
import { random } from '../../src/kernels/random';
import type { Network } from '../../src/nn/network';
import type { NamedTensor } from '../../src/nn/parameters';
import { exportOnnx } from '../../src/onnx/export';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { testGpu } from '../support/gpu';
import { hasOnnxRuntime, runOnnx, type Feed } from '../support/onnxruntime';

const noise = (seed: number, i: number) => random(seed, 1, 2, i) / 2 ** 31 - 1;

/** A trained network's like: statistics that are not at rest, weights that matter. */
export async function noisyWeights(
  network: Network,
  amount = 0.25,
): Promise<Map<string, NamedTensor>> {
  const storage = new Storage(await testGpu());
  network.initialize(storage, 5);
  const tensors = (await network.export(storage)).map((tensor, t) => ({
    ...tensor,
    data: tensor.data.map((value, i) =>
      tensor.name.endsWith('running_var')
        ? 0.5 + Math.abs(noise(t, i))
        : value + noise(t, i) * amount,
    ),
  }));
  storage.dispose();
  return new Map(tensors.map((tensor) => [tensor.name, tensor]));
}

/**
 * Expects onnxruntime to find the network's own logits and probabilities for noise, to 1e-4.
 * @param frames of each sample, where samples are sequences
 */
export async function expectAlike(
  network: Network,
  samples: number,
  frames = network.config.frames.count,
): Promise<void> {
  const { size, streams, classes, frames: sample } = network.config;
  const sequence = sample.mode === 'sequence';
  const steps = sequence ? frames : 1;
  const tensors = await noisyWeights(network);
  const gpu = await testGpu();
  const storage = new Storage(gpu);
  network.import(storage, tensors);

  const stream = [steps * samples, 1, size, size];
  const x = state('x', f32([streams.length, ...stream]));
  const pictures = Float32Array.from({ length: elements(x.shape) }, (_, i) => 2 * noise(77, i));
  storage.write(x, pictures);
  const lengths = state('lengths', u32([samples]));
  const counts = Uint32Array.from({ length: samples }, (_, n) => 1 + (n % steps));
  storage.write(lengths, counts);
  const tape = new Tape(gpu.capabilities);
  const { logits } = network.forwardFrom(tape, x, samples, {
    training: false,
    step: state('step', u32([64])),
    lengths: sequence ? lengths : undefined,
  });
  const plan = await Plan.compile(tape, storage, { keep: [logits] });
  plan.run();
  const wanted = (await plan.read(logits)) as Float32Array;
  plan.dispose();
  storage.dispose();

  const file = exportOnnx({ config: network.config, tensors }, network);
  if (!hasOnnxRuntime) return;
  const length = elements(stream);
  const shape = sequence ? [steps, samples, 1, size, size] : stream;
  const feeds: Record<string, Feed> = Object.fromEntries(
    streams.map((name, g) => [
      name,
      { shape, data: pictures.subarray(g * length, (g + 1) * length) },
    ]),
  );
  if (sequence) feeds.lengths = { shape: [samples], data: Int32Array.from(counts) };
  const given = await runOnnx(file, feeds);
  expect(given.logits.dims).toEqual([samples, classes.length]);
  expect(given.probabilities.dims).toEqual([samples, classes.length]);
  for (let n = 0; n < samples; n++) {
    const row = [...wanted.subarray(n * classes.length, (n + 1) * classes.length)];
    const exps = row.map((z) => Math.exp(z - Math.max(...row)));
    const sum = exps.reduce((a, b) => a + b);
    row.forEach((z, c) => {
      const at = n * classes.length + c;
      expect(Math.abs(given.logits.data[at] - z)).toBeLessThan(1e-4 * Math.max(1, Math.abs(z)));
      expect(Math.abs(given.probabilities.data[at] - exps[c] / sum)).toBeLessThan(1e-4);
    });
  }
}
