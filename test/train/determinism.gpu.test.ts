import { beforeAll, describe, expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { FacegradError } from '../../src/gpu/errors';
import { readCheckpoint } from '../../src/train/checkpoint';
import { trainConfig, type TrainChanges, type TrainConfig } from '../../src/train/config';
import { readSafetensors } from '../../src/train/safetensors';
import { Trainer } from '../../src/train/trainer';
import type { TrainEvent } from '../../src/train/events';
import { readWeights } from '../../src/train/weights_file';
import { testGpu } from '../support/gpu';

const EPOCHS = 3;
const STEPS_PER_EPOCH = 4;

/** A small network with everything random in it: augmentation, dropout, order, initialisation. */
function smallConfig(changes: TrainChanges = {}): TrainConfig {
  return trainConfig('tiny', {
    epochs: EPOCHS,
    batch: 4,
    seed: 5,
    logEvery: 3,
    ...changes,
    model: { size: 24, widths: [4, 6], dense: 8, hidden: 8, ...changes.model },
  });
}

const data = {
  training: syntheticFaces({ seed: 1, count: 18, size: 32 }),
  validation: syntheticFaces({ seed: 2, count: 10, size: 32, firstIdentity: 100 }),
};

async function create(config: TrainConfig, checkpoint?: Uint8Array, weights?: Uint8Array) {
  const tensors = weights && readWeights(weights).tensors;
  return Trainer.create(await testGpu(), config, data, { checkpoint, weights: tensors });
}

/** Runs to the end, or until `until` says to stop; gives the events and the state as a checkpoint. */
async function run(
  trainer: Trainer,
  until: (event: TrainEvent) => boolean = () => false,
): Promise<{ events: TrainEvent[]; checkpoint: Uint8Array }> {
  const events: TrainEvent[] = [];
  for await (const event of trainer.run()) {
    events.push(event);
    if (until(event)) break;
  }
  const checkpoint = await trainer.checkpoint();
  trainer.dispose();
  return { events, checkpoint };
}

const upTo = (config: TrainConfig, until?: (event: TrainEvent) => boolean) =>
  create(config).then((trainer) => run(trainer, until));

/** Every tensor of a checkpoint as bits, the best weights too, and the course of the accuracy. */
function bitsOf(file: Uint8Array) {
  const { state, best, progress } = readCheckpoint(file);
  const bits = (data: Float32Array) =>
    [...new Uint32Array(data.buffer, data.byteOffset, data.length)].join();
  return {
    tensors: [
      ...[...state].map(([name, data]) => [name, bits(data)]),
      ...best.map(({ name, data }) => [`best ${name}`, bits(data)]),
    ],
    step: progress.step,
    best: progress.best,
    epochs: progress.epochs.map(({ seconds: _, ...record }) => record),
  };
}

describe('a run is decided by its configuration', () => {
  it('two runs with one seed give the same bits', async () => {
    const first = bitsOf((await upTo(smallConfig())).checkpoint);
    const second = bitsOf((await upTo(smallConfig())).checkpoint);
    expect(first.step).toBe(EPOCHS * STEPS_PER_EPOCH);
    expect(first.tensors.map(([name]) => name)).toEqual(
      expect.arrayContaining(['parameters', 'statistics', 'm', 'v', 'totals']),
    );
    expect(second).toEqual(first);
  });

  it('another seed gives others', async () => {
    const parameters = async (seed: number) =>
      readCheckpoint((await upTo(smallConfig({ seed, epochs: 1 }))).checkpoint).state.get(
        'parameters',
      );
    expect(await parameters(5)).not.toEqual(await parameters(6));
  });

  it('how often one looks, and in how many submits a step goes, changes no bit', async () => {
    const plain = bitsOf((await upTo(smallConfig())).checkpoint);
    const watched = smallConfig({ logEvery: 1, checkpointEvery: 1, maxSubmitMs: 1 });
    expect(bitsOf((await upTo(watched)).checkpoint)).toEqual(plain);
  });
});

describe('a run that is interrupted', () => {
  let whole: ReturnType<typeof bitsOf>;
  beforeAll(async () => {
    whole = bitsOf((await upTo(smallConfig())).checkpoint);
  });

  const at: [string, (event: TrainEvent) => boolean][] = [
    ['in the middle of an epoch', (e) => e.type === 'step' && e.step === 6],
    ['at the end of an epoch', (e) => e.type === 'checkpoint' && e.step === 8],
    ['between an epoch and its evaluation', (e) => e.type === 'step' && e.step === 8],
    ['before its first step', (e) => e.type === 'start'],
    ['after its last', (e) => e.type === 'done'],
  ];
  it.each(at)('%s and resumed gives the same bits', async (_, until) => {
    const config = smallConfig();
    const { checkpoint } = await upTo(config, until);
    const { checkpoint: end } = await run(await create(config, checkpoint));
    expect(bitsOf(end)).toEqual(whole);
  });

  it('by stop() after any step and resumed again and again gives the same bits', async () => {
    const config = smallConfig({ logEvery: 1 });
    let checkpoint: Uint8Array | undefined;
    let parts = 0;
    for (let finished = false; !finished; parts++) {
      const trainer = await create(config, checkpoint);
      let looks = 0;
      const part = await run(trainer, (event) => {
        if (event.type === 'step' && ++looks === 3) trainer.stop();
        return false;
      });
      const done = part.events.at(-1)!;
      expect(done.type).toBe('done');
      finished = done.type === 'done' && done.reason === 'finished';
      checkpoint = part.checkpoint;
    }
    expect(parts).toBeGreaterThanOrEqual(4);
    expect(bitsOf(checkpoint!).tensors).toEqual(whole.tensors);
  });

  it('with sgd, mixup, sampling by class and clipping gives the same bits', async () => {
    const config = smallConfig({
      mixup: 0.4,
      optimizer: { name: 'sgd', learningRate: 0.02, weightDecay: 1e-4, clipNorm: 0.1 },
      sampling: 'balanced',
    });
    const { checkpoint: end } = await upTo(config);
    const { checkpoint } = await upTo(config, (e) => e.type === 'step' && e.step === 6);
    const resumed = await run(await create(config, checkpoint));
    expect(bitsOf(resumed.checkpoint)).toEqual(bitsOf(end));
  });

  it.each([
    ['at any size of the pictures', (e: TrainEvent) => e.type === 'step' && e.step === 3],
    ['where they grow', (e: TrainEvent) => e.type === 'checkpoint' && e.step === 4],
    ['in the last size', (e: TrainEvent) => e.type === 'step' && e.step === 9],
  ])('%s, with a moving average, gives the same bits', async (_, until) => {
    const sizes: [number, number][] = [
      [0, 16],
      [1 / 3, 20],
      [2 / 3, 16],
    ];
    const config = smallConfig({
      sizes,
      keep: 'ema',
      averageDecay: 0.9,
      model: { size: 16, widths: [4, 4, 6, 6] },
    });
    const end = bitsOf((await upTo(config)).checkpoint);
    const { checkpoint } = await upTo(config, until);
    expect(bitsOf((await run(await create(config, checkpoint))).checkpoint)).toEqual(end);
    const other = await upTo(smallConfig({ ...config, sizes: undefined }));
    expect(bitsOf(other.checkpoint).tensors).not.toEqual(end.tensors);
  });

  it('goes on in a longer run, but not in one of another configuration', async () => {
    const { checkpoint } = await upTo(smallConfig({ epochs: 1 }));
    const longer = await run(await create(smallConfig({ epochs: 2, logEvery: 1 }), checkpoint));
    expect(readCheckpoint(longer.checkpoint).progress.step).toBe(2 * STEPS_PER_EPOCH);
    const others: TrainChanges[] = [
      { seed: 6 },
      { batch: 6 },
      { sampling: 'balanced' },
      { loss: { gamma: 1, alpha: 'sqrt', smoothing: 0 } },
      { model: { hidden: 9 } },
    ];
    for (const change of others) {
      const error = await create(smallConfig(change), checkpoint).catch((e: unknown) => e);
      expect(error, JSON.stringify(change)).toBeInstanceOf(FacegradError);
      expect((error as FacegradError).kind).toBe('bad-input');
      expect((error as Error).message).toMatch(/a different configuration/);
    }
  });
});

describe('a checkpoint', () => {
  it('comes back as it was written, without a step in between', async () => {
    const config = smallConfig();
    const { checkpoint } = await upTo(config, (e) => e.type === 'step' && e.step === 6);
    const trainer = await create(config, checkpoint);
    expect(trainer.step).toBe(6);
    const again = await trainer.checkpoint();
    trainer.dispose();
    expect(again).toEqual(checkpoint);
  });

  it('that is cut short, or no checkpoint, is refused', async () => {
    const config = smallConfig();
    const trainer = await create(config);
    const checkpoint = await trainer.checkpoint();
    const weights = await trainer.weights();
    trainer.dispose();
    await expect(create(config, checkpoint.subarray(0, -1))).rejects.toThrow(/past the end/);
    await expect(create(config, weights)).rejects.toThrow(/not a training checkpoint/);
  });

  it('and the weights hold the best epoch, under the names of a state_dict', async () => {
    const trainer = await create(smallConfig());
    let epochs = 0;
    let best = 0;
    let accuracy: number | undefined;
    for await (const event of trainer.run()) {
      if (event.type !== 'epoch') continue;
      epochs += 1;
      if (!event.best) continue;
      best = event.epoch;
      accuracy = event.validation!.accuracy;
    }
    const { config, provenance, tensors } = readWeights(await trainer.weights({ commit: 'abc' }));
    const state = readSafetensors(await trainer.checkpoint());
    trainer.dispose();
    expect(epochs).toBe(EPOCHS);
    expect(config).toEqual(smallConfig().model);
    expect(provenance).toMatchObject({ epoch: best, accuracy, seed: 5, commit: 'abc' });
    expect(tensors.get('streams.edges.block2.conv.weight')!.shape).toEqual([6, 4, 5, 5]);
    for (const [name, { data }] of tensors) {
      expect(state.tensors.get(`best.${name}`)!.data, name).toEqual(data);
    }
  });
});

describe('which weights are kept', () => {
  it('of the last epoch, whatever validation says', async () => {
    const trainer = await create(smallConfig({ keep: 'last' }));
    for await (const event of trainer.run()) void event;
    const last = await trainer.model.export(trainer.storage);
    const { tensors, provenance } = readWeights(await trainer.weights());
    trainer.dispose();
    expect(provenance.epoch).toBe(EPOCHS);
    for (const { name, data } of last) expect(tensors.get(name)!.data, name).toEqual(data);
  });

  it('of their moving average: validated with, and free of where it began', async () => {
    const trainer = await create(smallConfig({ keep: 'ema', averageDecay: 0.75 }));
    const { parameters } = trainer.model.arenas;
    const average = new Float64Array(parameters.flat.shape[0]);
    const seen: Float32Array[] = [];
    for await (const event of trainer.run()) {
      if (event.type === 'start') trainer.logEvery = 1;
      if (event.type !== 'step') continue;
      seen.push((await trainer.storage.read(parameters.flat)) as Float32Array);
    }
    const weight = (step: number) => 0.25 * 0.75 ** (seen.length - 1 - step);
    const total = seen.reduce((sum, _, step) => sum + weight(step), 0);
    for (const [step, values] of seen.entries()) {
      values.forEach((value, i) => (average[i] += (weight(step) / total) * value));
    }
    const { tensors } = readWeights(await trainer.weights());
    const now = await trainer.storage.read(parameters.flat);
    trainer.dispose();
    expect(now).toEqual(seen.at(-1)); // training goes on from its own weights
    const { value } = parameters.entries.find(({ name }) => name === 'classifier.bias')!;
    const kept = tensors.get('classifier.bias')!.data;
    kept.forEach((x, i) => expect(x).toBeCloseTo(average[value.offset + i], 5));
    expect(kept).not.toEqual(seen.at(-1)!.subarray(value.offset, value.offset + kept.length));
  });
});

describe('a run that begins with weights', () => {
  it('begins with them, and says what they lack', async () => {
    const before = await create(smallConfig({ epochs: 1 }));
    for await (const event of before.run()) void event;
    const file = await before.weights();
    before.dispose();
    const begin = async (changes: TrainChanges) => {
      const trainer = await create(smallConfig(changes), undefined, file);
      const tensors = await trainer.model.export(trainer.storage);
      const events = trainer.run();
      const told = [(await events.next()).value, (await events.next()).value] as TrainEvent[];
      trainer.dispose();
      return { tensors, told: told.filter(({ type }) => type === 'left') };
    };
    const same = await begin({ seed: 9 });
    const { tensors } = readWeights(file);
    for (const { name, data } of same.tensors) expect(data, name).toEqual(tensors.get(name)!.data);
    expect(same.told).toEqual([]);
    const { told } = await begin({ model: { hidden: 9 } });
    const [{ tensors: left }] = told as Extract<TrainEvent, { type: 'left' }>[];
    expect(left).toContain('classifier.weight');
    expect(left).not.toContain('streams.edges.fc.weight');
    const gpu = await testGpu();
    const none = Trainer.create(gpu, smallConfig(), data, { weights: new Map() });
    await expect(none).rejects.toThrow(/none of the weights fits/);
  });
});

describe('a run that goes wrong', () => {
  it('ends with an error that names the step, and keeps the weights from before it', async () => {
    const optimizer = { name: 'sgd', learningRate: 1e25, weightDecay: 0 } as const;
    const schedule = { kind: 'constant' } as const;
    const trainer = await create(smallConfig({ optimizer, schedule, logEvery: 1 }));
    const error = await (async () => {
      for await (const event of trainer.run()) void event;
    })().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(FacegradError);
    expect((error as FacegradError).kind).toBe('not-finite');
    expect((error as Error).message).toMatch(/from step \d+ on/);
    const { flat } = trainer.model.arenas.parameters;
    const weights = (await trainer.storage.read(flat)) as Float32Array;
    expect(weights.every(Number.isFinite)).toBe(true);
    await expect(trainer.checkpoint()).rejects.toThrow(/no longer finite from step/);
    trainer.dispose();
  });
});

/** Counts what is asked of a device: wraps its methods until `stop`. */
function countCalls(device: GPUDevice) {
  const counts: Record<string, number> = {};
  const undo: (() => void)[] = [];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any object, any method
  const wrap = (object: any, method: string, after?: (result: any) => void) => {
    const own = Object.getOwnPropertyDescriptor(object, method);
    const original = object[method];
    Object.defineProperty(object, method, {
      configurable: true,
      writable: true,
      value(this: unknown, ...args: unknown[]) {
        counts[method] = (counts[method] ?? 0) + 1;
        const result = original.apply(this, args);
        after?.(result);
        return result;
      },
    });
    undo.push(() => {
      if (own) Object.defineProperty(object, method, own);
      else delete object[method];
    });
  };
  wrap(device, 'createCommandEncoder', (encoder: GPUCommandEncoder) => {
    wrap(encoder, 'beginComputePass', (pass: GPUComputePassEncoder) => {
      wrap(pass, 'dispatchWorkgroups');
    });
    wrap(encoder, 'copyBufferToBuffer');
  });
  wrap(device, 'createBuffer', (buffer: GPUBuffer) => wrap(buffer, 'mapAsync'));
  for (const method of [
    'createBindGroup',
    'createBindGroupLayout',
    'createPipelineLayout',
    'createShaderModule',
    'createComputePipeline',
    'createComputePipelineAsync',
    'createQuerySet',
    'createTexture',
  ]) {
    wrap(device, method);
  }
  for (const method of ['submit', 'writeBuffer']) wrap(device.queue, method);
  return {
    take(): Record<string, number> {
      const taken = { ...counts };
      for (const method of Object.keys(counts)) delete counts[method];
      return taken;
    },
    stop: () => undo.reverse().forEach((restore) => restore()),
  };
}

describe('what a step does', () => {
  it('one write, one pass, one submit; nothing made, nothing read but the metrics now and then', async () => {
    const trainer = await create(smallConfig({ logEvery: 4, batch: 2 })); // 9 steps an epoch
    const { device } = await testGpu();
    const steps = trainer.run();
    await steps.next(); // the start
    const calls = countCalls(device);
    try {
      const first = (await steps.next()).value as TrainEvent; // four steps and a look at the metrics
      expect(first).toMatchObject({ type: 'step', step: 4 });
      const four = calls.take();
      const reads = four.createBuffer;
      expect(four).toEqual({
        writeBuffer: 4,
        createCommandEncoder: 4 + reads,
        beginComputePass: 4,
        dispatchWorkgroups: 4 * trainer.plan.dispatchCount,
        submit: 4 + reads,
        // the metrics
        createBuffer: reads,
        copyBufferToBuffer: reads,
        mapAsync: reads,
      });
      expect(reads).toBeLessThanOrEqual(2);
      console.log(`4 steps and one look: ${JSON.stringify(four)}`);
    } finally {
      calls.stop();
      trainer.dispose();
    }
  });
});
