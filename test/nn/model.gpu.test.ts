import { afterAll, describe, expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { bordered, f32, u32 } from '../../src/kernels/kernel';
import { standardizeForward } from '../../src/kernels/reference/standardize';
import { modelConfig, type ModelConfig } from '../../src/nn/systems/cnn_lstm';
import { createNetwork } from '../../src/nn/systems';
import type { NamedTensor } from '../../src/nn/parameters';
import { focalLoss } from '../../src/tape/operations/focal_loss';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { trainConfig, type OptimizerConfig } from '../../src/train/config';
import { optimize } from '../../src/train/optimizer';
import { Evaluator } from '../../src/train/evaluator';
import { Trainer } from '../../src/train/trainer';
import { testGpu } from '../support/gpu';
import { physical, tensor } from '../support/kernel';
import { ReferenceModel } from '../support/reference_model';

const inNode = typeof window === 'undefined';

/** Faces as standardized streams: [G, T * N, 1, S, S]. */
function inputs({ size, streams }: ModelConfig, count: number): Float64Array {
  const faces = streams.map((_, i) => syntheticFaces({ seed: i + 1, count, size }).images);
  return standardizeForward(faces, size * size).map(Math.fround);
}

/**
 * The same steps of gradient descent on the GPU and in the f64 reference, from the same weights.
 * `distance` is that of the last weights, over the length of the way that the reference's went.
 */
async function followReference(
  config: ModelConfig,
  { batch, steps, optimizer }: { batch: number; steps: number; optimizer: OptimizerConfig },
): Promise<{ losses: [number, number][]; distance: number; seconds: number }> {
  const gpu = await testGpu();
  const storage = new Storage(gpu);
  const model = createNetwork(config);
  const { size, streams, classes } = config;
  const images = batch * config.frames.count;
  const values = inputs(config, images);
  const lengths = Uint32Array.from({ length: batch }, (_, n) => 1 + (n % config.frames.count));
  const labels = Uint32Array.from({ length: batch }, (_, n) => (3 * n + 1) % classes.length);
  const weights = Float32Array.from(classes, (_, c) => 0.6 + 0.2 * c);
  const loss = { gamma: 2, alpha: weights };

  const shape = [streams.length, images, 1, size, size];
  const x = state('x', f32(shape, bordered(size)));
  const label = state('labels', u32([batch]));
  const alpha = state('alpha', f32([classes.length]));
  const step = state('step', u32([64]));
  const firstBadStep = state('first bad step', u32([1]));
  const tape = new Tape(gpu.capabilities);
  const valid = config.frames.mode === 'sequence' ? state('lengths', u32([batch])) : undefined;
  const { logits } = model.forwardFrom(tape, x, batch, { training: true, step, lengths: valid });
  const { loss: perSample } = focalLoss(
    tape,
    { logits, labels: label, alpha },
    { gamma: loss.gamma },
  );
  tape.backward();
  optimize(tape, model.arenas.parameters, optimizer, step, firstBadStep);
  const plan = await Plan.compile(tape, storage, { keep: [perSample] });

  model.initialize(storage, 11);
  const start = await model.export(storage);
  const reference = new ReferenceModel(config, start);
  const layout = bordered(size);
  storage.write(x, physical(tensor(shape, values, { layout })));
  storage.write(label, labels);
  if (valid) storage.write(valid, lengths);
  storage.write(alpha, weights);
  const losses: [number, number][] = [];
  const { learningRate, weightDecay, momentum = 0, nesterov = false } = optimizer;
  let seconds = 0;
  for (let number = 1; number <= steps; number++) {
    const words = new Uint32Array(64);
    words.set([1, number]);
    new Float32Array(words.buffer)[2] = learningRate;
    storage.write(step, words);
    plan.run();
    const perSampleLoss = (await plan.read(perSample)) as Float32Array;
    const actual = perSampleLoss.reduce((sum, value) => sum + value, 0);
    const begin = performance.now();
    const expected = reference.step(values, labels, loss, valid && lengths);
    reference.descend(expected.gradients, { learningRate, weightDecay, momentum, nesterov });
    seconds += (performance.now() - begin) / 1000;
    losses.push([actual, expected.loss]);
  }

  const end = await model.export(storage);
  const distance = weightDistance(config, start, end, reference);
  plan.dispose();
  storage.dispose();
  return { losses, distance, seconds };
}

/** |w_gpu - w_ref| / |w_ref - w_0|. */
function weightDistance(
  config: ModelConfig,
  start: NamedTensor[],
  end: NamedTensor[],
  reference: ReferenceModel,
): number {
  const before = new ReferenceModel(config, start).parameters;
  const after = new ReferenceModel(config, end).parameters;
  let apart = 0;
  let way = 0;
  for (const [name, expected] of Object.entries(reference.parameters)) {
    for (let i = 0; i < expected.length; i++) {
      apart += (after[name][i] - expected[i]) ** 2;
      way += (expected[i] - before[name][i]) ** 2;
    }
  }
  return Math.sqrt(apart / way);
}

function worst(losses: [number, number][]): number {
  return Math.max(...losses.map(([actual, expected]) => Math.abs(actual / expected - 1)));
}

function report(name: string, result: Awaited<ReturnType<typeof followReference>>): void {
  const { losses, distance, seconds } = result;
  const [first, last] = [losses[0][1], losses.at(-1)![1]];
  console.log(
    `${name}: loss ${first.toFixed(4)} -> ${last.toFixed(4)}, at most ${worst(losses).toExponential(2)} off; ` +
      `weights ${(100 * distance).toFixed(4)} % of the way apart (reference ${seconds.toFixed(1)} s)`,
  );
}

const sgd: OptimizerConfig = {
  name: 'sgd',
  learningRate: 0.05,
  momentum: 0.9,
  nesterov: true,
  weightDecay: 5e-4,
};

describe('training follows the f64 reference', () => {
  const tiny = { size: 20, widths: [4, 6, 8], dense: 12, hidden: 8, dropout: 0 };
  const models: [string, Partial<ModelConfig>][] = [
    ['two streams and the LSTM', {}],
    ['two streams and a dense layer in its place', { fusion: 'concat' }],
    ['one stream', { streams: ['raw'] }],
    ['streams as the steps of the LSTM', { frames: { mode: 'streams', count: 1 } }],
    ['sequences of one to three frames', { frames: { mode: 'sequence', count: 3 } }],
    ['odd sizes', { size: 23, widths: [3, 5], dense: 7, hidden: 5 }],
  ];
  it.each(models)('20 steps: %s', async (name, changes) => {
    const config = modelConfig('tiny', { ...tiny, ...changes });
    const result = await followReference(config, { batch: 4, steps: 20, optimizer: sgd });
    report(name, result);
    expect(result.losses.at(-1)![1]).toBeLessThan(result.losses[0][1]);
    expect(worst(result.losses)).toBeLessThanOrEqual(1e-3);
    expect(result.distance).toBeLessThanOrEqual(0.01);
  });

  // In Chrome its reference would compute the same half minute once more.
  it.runIf(inNode)('one step of preset paper, at batch 2', async () => {
    const config = modelConfig('paper', { dropout: 0 });
    const result = await followReference(config, { batch: 2, steps: 1, optimizer: sgd });
    report('paper', result);
    expect(worst(result.losses)).toBeLessThanOrEqual(1e-3);
    expect(result.distance).toBeLessThanOrEqual(0.01);
  });
});

describe('64 faces', () => {
  const trainers: Trainer[] = [];
  afterAll(() => trainers.forEach((trainer) => trainer.dispose()));

  it('are learnt to 100 % by preset tiny', async () => {
    const faces = syntheticFaces({ seed: 3, count: 64 });
    const config = trainConfig('tiny', {
      epochs: 30,
      batch: 16,
      logEvery: 1000,
      optimizer: { name: 'adamw', learningRate: 5e-4, weightDecay: 0 },
      schedule: { kind: 'constant' },
      model: { dropout: 0 },
      augmentation: { mirror: 0, shift: 0, rotation: 0, scale: [1, 1] },
    });
    const trainer = await Trainer.create(await testGpu(), config, { training: faces });
    trainers.push(trainer);
    const evaluator = await Evaluator.create(trainer.model, trainer.storage, faces, { batch: 64 });
    const begin = performance.now();
    let epoch = 0;
    let training = 0;
    let evaluated = 0;
    for await (const event of trainer.run()) {
      if (event.type !== 'epoch') continue;
      ({ epoch, accuracy: training } = event);
      if (training < 1) continue;
      evaluated = (await evaluator.evaluate()).accuracy; // with batch norm's running statistics
      if (evaluated === 1) break;
    }
    evaluator.dispose();
    const seconds = (performance.now() - begin) / 1000;
    console.log(`64 faces: learnt after ${epoch} epochs, ${seconds.toFixed(1)} s`);
    expect(training).toBe(1);
    expect(evaluated).toBe(1);
  });
});
