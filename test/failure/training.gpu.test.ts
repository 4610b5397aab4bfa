import { describe, expect, it } from 'vitest';
import { syntheticFaces, syntheticSequences } from '../../src/data/synthetic';
import type { ImageSet } from '../../src/data/dataset';
import { FacegradError, type ErrorKind } from '../../src/gpu/errors';
import { createNetwork } from '../../src/nn/systems';
import { Storage } from '../../src/tape/storage';
import { Evaluator } from '../../src/train/evaluator';
import { trainConfig, type TrainChanges } from '../../src/train/config';
import { Trainer, type TrainingData } from '../../src/train/trainer';
import { readWeights } from '../../src/train/weights_file';
import { countBuffers } from '../support/count_buffers';
import { testGpu } from '../support/gpu';

const faces = syntheticFaces({ seed: 1, count: 14, size: 24 });
const others = syntheticFaces({ seed: 2, count: 14, size: 24 });

const config = (changes: TrainChanges = {}) =>
  trainConfig('tiny', {
    epochs: 2,
    batch: 7,
    seed: 5,
    logEvery: 1,
    ...changes,
    model: { size: 16, widths: [3, 4], dense: 6, hidden: 5, streams: ['raw'], ...changes.model },
  });

async function refused(
  action: () => unknown,
  kind: ErrorKind,
  ...messages: (string | RegExp)[]
): Promise<FacegradError> {
  const error = await Promise.resolve()
    .then(action)
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(FacegradError);
  const { message } = error as FacegradError;
  for (const wanted of messages) expect(message).toMatch(wanted);
  expect((error as FacegradError).kind).toBe(kind);
  return error as FacegradError;
}

const create = async (data: TrainingData, changes: TrainChanges = {}, checkpoint?: Uint8Array) =>
  Trainer.create(await testGpu(), config(changes), data, { checkpoint });

describe('a training that cannot begin', () => {
  const cases: [string, Partial<ImageSet>, TrainChanges, ...(string | RegExp)[]][] = [
    ['a batch larger than the set', {}, { batch: 15 }, /batch of 15 cannot be drawn from 14/],
    ['one class only', { labels: new Uint8Array(14) }, {}, /every picture is angry/],
    [
      'no images',
      { count: 0, images: new Uint8Array(0), labels: new Uint8Array(0) },
      {},
      /is empty/,
    ],
    [
      'a label that is no class',
      { labels: new Uint8Array(14).fill(9, 3) },
      {},
      /image 3 has the label 9/,
    ],
    ['fewer pixels than images', { images: new Uint8Array(99) }, {}, /99 bytes of images for 14/],
    ['fewer labels than images', { labels: new Uint8Array(3) }, {}, /3 bytes of labels for 14/],
    [
      'pixels that are floats, NaN among them',
      { images: new Float32Array(14 * 576).fill(NaN) as unknown as Uint8Array },
      {},
      /images must be a Uint8Array/,
    ],
    [
      'other classes than the model',
      {},
      { model: { classes: ['a', 'b'] } },
      /have the network's classes/,
    ],
  ];
  it.each(cases)('%s', async (_, change, changes, ...messages) => {
    const buffers = countBuffers(await testGpu());
    const training = { ...faces, ...change };
    await refused(() => create({ training }, changes), 'bad-input', ...messages);
    expect(buffers.count).toBe(0);
    buffers.stop();
  });

  it('a sequence whose frame is not there', async () => {
    const set = syntheticSequences({ seed: 1, count: 14, frames: 2, size: 24 });
    set.sequences[2].frames[1] = 999;
    const frames = { mode: 'sequence', count: 2 } as const;
    await refused(
      () => create({ training: set }, { model: { frames } }),
      'bad-input',
      /sequence 2 has the frame 999/,
    );
  });

  const settings: [string, TrainChanges, RegExp][] = [
    ['zero epochs', { epochs: 0 }, /epochs must be 1 or more/],
    ['half an epoch', { epochs: 0.5 }, /epochs/],
    ['a batch of one', { batch: 1 }, /batch must be 2 or more/],
    [
      'a rate that is no number',
      { optimizer: { name: 'sgd', learningRate: NaN, weightDecay: 0 } },
      /learningRate/,
    ],
    [
      'an input that the pools use up',
      { model: { size: 3 } },
      /2 pools leave nothing of 3x3 pixels/,
    ],
    ['no input', { model: { size: 0 } }, /size must be/],
    ['an input of 48.5 pixels', { model: { size: 48.5 } }, /size must be/],
    ['blocks without channels', { model: { widths: [4, 0] } }, /widths must list/],
    [
      'a stream that there is not',
      { model: { streams: ['nose' as 'raw'] } },
      /streams must be among/,
    ],
    ['one stream twice', { model: { streams: ['raw', 'raw'] } }, /one or two, and different/],
    ['one class', { model: { classes: ['happy'] } }, /at least two classes/],
    ['all dropped', { model: { dropout: 1 } }, /dropout must be/],
    [
      'several frames without LSTM',
      { model: { fusion: 'concat', frames: { mode: 'views', count: 2 } } },
      /need fusion 'lstm'/,
    ],
  ];
  it.each(settings)('%s', async (_, changes, message) => {
    await refused(() => config(changes), 'bad-input', message);
  });

  it('what the pools do not divide they round down', async () => {
    const trainer = await create({ training: faces }, { epochs: 1, model: { size: 19 } });
    for await (const event of trainer.run()) {
      if (event.type === 'step') expect(event.loss).toBeGreaterThan(0);
    }
    trainer.dispose();
  });
});

describe('a loss that is not finite', () => {
  it('names what made it first, and keeps the weights from before it', async () => {
    const trainer = await create({ training: faces, validation: others });
    const { parameters } = trainer.model.arenas;
    const run = trainer.run();
    let event = await run.next();
    while (event.value?.type !== 'epoch') event = await run.next();
    const best = await trainer.weights();
    const before = await trainer.storage.read(parameters.flat);
    // A weight so large that the second convolution overflows.
    const huge = before.slice();
    const names = [...(await trainer.model.export(trainer.storage))];
    expect(names[0].name).toContain('block1.conv');
    huge.fill(1e38, 0, 75);
    trainer.storage.write(parameters.flat, huge as Float32Array);
    const error = await refused(
      async () => {
        while (!(await run.next()).done);
      },
      'not-finite',
      /from step 3 on/,
      /first in .* by conv5x5/,
      /weights are those before/,
    );
    expect(error.operation).toMatch(/conv5x5/);
    expect(await trainer.storage.read(parameters.flat)).toEqual(huge);
    expect(await trainer.weights()).toEqual(best);
    for (const { data } of readWeights(await trainer.weights()).tensors.values()) {
      expect(data.every(Number.isFinite)).toBe(true);
    }
    await refused(() => trainer.checkpoint(), 'not-finite', /from step 3 on/);
    trainer.dispose();
  });

  it('of a NaN in a weight of the LSTM stops at the step that met it', async () => {
    const frames = { mode: 'views', count: 2 } as const;
    const trainer = await create({ training: faces }, { model: { frames } });
    const { parameters } = trainer.model.arenas;
    const entry = parameters.entries.find(({ name }) => name.includes('lstm.weight_hh'))!;
    const run = trainer.run();
    while ((await run.next()).value?.type !== 'step');
    const spoilt = (await trainer.storage.read(parameters.flat)).slice() as Float32Array;
    spoilt[entry.value.offset] = NaN;
    trainer.storage.write(parameters.flat, spoilt);
    await refused(
      async () => {
        while (!(await run.next()).done);
      },
      'not-finite',
      /from step [23] on/, // two steps are in flight
    );
    trainer.dispose();
  });

  it('before the first epoch ends leaves no weights worth a file', async () => {
    const trainer = await create(
      { training: faces },
      { optimizer: { name: 'sgd', learningRate: 1e30, weightDecay: 0 }, logEvery: 2 },
    );
    await refused(
      async () => {
        for await (const event of trainer.run()) expect(event.type).not.toBe('epoch');
      },
      'not-finite',
      /from step/,
    );
    await refused(() => trainer.weights(), 'not-finite');
    trainer.dispose();
  });
});

describe('an evaluation', () => {
  async function evaluate(fill: number, data = faces) {
    const storage = new Storage(await testGpu());
    const model = createNetwork(config().model);
    const { parameters, statistics } = model.arenas;
    model.initialize(storage, 1);
    if (fill !== 0)
      storage.write(parameters.flat, new Float32Array(parameters.flat.shape[0]).fill(fill));
    expect(statistics.count).toBeGreaterThan(0);
    const evaluator = await Evaluator.create(model, storage, data);
    try {
      return await evaluator.evaluate();
    } finally {
      evaluator.dispose();
      storage.dispose();
    }
  }

  it.each([NaN, Infinity])('with weights that are %s says so', async (value) => {
    await refused(() => evaluate(value), 'not-finite', /class scores of item 0/);
  });

  it('of labels that are no classes', async () => {
    const wrong = { ...faces, labels: new Uint8Array(14).fill(7) };
    await refused(() => evaluate(0, wrong), 'bad-input', /label 7/);
  });
});

describe('a checkpoint', () => {
  it('goes on with the data it began with, and no other', async () => {
    const data = { training: faces, validation: others };
    const first = await create(data);
    for await (const event of first.run()) if (event.type === 'checkpoint') break;
    const file = await first.checkpoint();
    first.dispose();
    const again = await create(data, {}, file);
    expect(again.step).toBe(2);
    again.dispose();
    const buffers = countBuffers(await testGpu());
    const other = { ...faces, images: faces.images.slice() };
    other.images[77] ^= 1;
    const wrong: [TrainingData, RegExp][] = [
      [{ training: other, validation: others }, /different training data/],
      [{ training: faces, validation: faces }, /different validation data/],
      [{ training: faces }, /different validation data/],
    ];
    for (const [set, message] of wrong) {
      await refused(() => create(set, {}, file), 'bad-input', message);
    }
    await refused(() => create(data, { seed: 6 }, file), 'bad-input', /different configuration/);
    await refused(
      () => create(data, {}, file.slice(0, file.length - 40)),
      'bad-input',
      /past the end/,
    );
    expect(buffers.count).toBe(0);
    buffers.stop();
  });
});
