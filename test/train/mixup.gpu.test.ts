import { expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { f32 } from '../../src/kernels/kernel';
import { focalLoss } from '../../src/kernels/reference/focal_loss';
import { createNetwork, namedConfig } from '../../src/nn/systems';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { StepBuffer } from '../../src/train/batches';
import { trainConfig } from '../../src/train/config';
import { mixedLoss, mixPictures, mixupShare } from '../../src/train/mixup';
import { recordStep } from '../../src/train/step';
import { testGpu } from '../support/gpu';
import { uniform } from '../support/random';

it('a sample keeps the larger share, the same for seed and step', () => {
  const mean = (alpha: number) => {
    const shares = Array.from({ length: 4000 }, (_, step) => mixupShare(7, step, alpha));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...shares)).toBeLessThanOrEqual(1);
    return shares.reduce((a, b) => a + b) / shares.length;
  };
  // E max(a, 1 - a) for a from Beta(alpha, alpha): 3/4 for the uniform one, 1/2 + 1/pi for 1/2.
  expect(mean(1)).toBeCloseTo(0.75, 1.7);
  expect(mean(0.5)).toBeCloseTo(0.5 + 1 / Math.PI, 1.7);
  expect(mixupShare(7, 3, 0.4)).toBe(mixupShare(7, 3, 0.4));
  expect(mixupShare(7, 3, 0.4)).not.toBe(mixupShare(8, 3, 0.4));
});

it('blends every frame with the next sample, and the losses alike', async () => {
  const [N, T, S, K] = [3, 2, 4, 5];
  const share = Math.fround(0.7);
  const storage = new Storage(await testGpu());
  const buffer = new StepBuffer(N, 1, true);
  const data = syntheticFaces({ seed: 1, count: 7 });
  buffer.write(storage, data, [4, 0, 6], { seed: 1, number: 1, learningRate: 0, share });

  const images = state('images', f32([T * N, S, S]));
  const logits = state('logits', f32([N, K + 2]));
  logits.grad = state('dlogits', f32([N, K + 2]));
  const alpha = state('alpha', f32([K + 2]));
  const [pixels, scores] = [uniform(T * N * S * S, 1, 255), uniform(N * (K + 2), 2, 3)];
  const weights = Float32Array.of(1, 2, 0.5, 1, 1, 1, 3);
  storage.write(images, Float32Array.from(pixels));
  storage.write(logits, Float32Array.from(scores));
  storage.write(alpha, weights);

  const tape = new Tape();
  const mixed = mixPictures(tape, images, N, buffer.mixup!.share);
  const { labels } = buffer;
  const given = { logits, labels, alpha, ...buffer.mixup! };
  const loss = mixedLoss(tape, given, { gamma: 2, smoothing: 0.1 });
  const one = state('one', f32(loss.shape));
  storage.write(one, Float32Array.of(1));
  tape.seed(loss, one);
  tape.backward();
  const plan = await Plan.compile(tape, storage, { keep: [mixed] });
  plan.run();

  const own = [4, 0, 6].map((item) => data.labels[item]);
  const next = [own[1], own[2], own[0]];
  const [first, second] = [own, next].map((c) => focalLoss(scores, c, weights, 2, 0.1));
  const blend = (a: number, b: number) => share * a + (1 - share) * b;
  const pictures = await plan.read(mixed);
  for (let i = 0; i < pictures.length; i++) {
    const n = Math.floor(i / (S * S)) % N;
    const other = i + (((n + 1) % N) - n) * S * S;
    expect(pictures[i]).toBeCloseTo(blend(pixels[i], pixels[other]), 3);
  }
  const found = await storage.read(logits.grad);
  for (let i = 0; i < found.length; i++)
    expect(found[i]).toBeCloseTo(blend(first.dlogits[i], second.dlogits[i]), 5);
  plan.dispose();
  storage.dispose();
});

it('is refused where a network brings its own loss', async () => {
  const data = syntheticFaces({ seed: 1, count: 8 });
  const network = createNetwork(namedConfig('triplet', { classes: data.classes }));
  const config = trainConfig(network.config, { batch: 4, mixup: 0.4 });
  const gpu = await testGpu();
  expect(() => recordStep(gpu, network, config, data)).toThrow(/brings its own loss/);
});
