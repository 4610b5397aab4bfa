import { describe, expect, it } from 'vitest';
import * as facegrad from '../../src/index';
import { f32, u32 } from '../../src/kernels/kernel';
import { random } from '../../src/kernels/random';
import { Plan } from '../../src/tape/plan';
import { testGpu } from '../support/gpu';
import { hasOnnxRuntime, runOnnx, type Feed } from '../support/onnxruntime';

const { Module, Network, Sequential, Storage, Tape, Parameter, Pass, operations, state } = facegrad;
const {
  Conv2d,
  BatchNorm2d,
  MaxPool2d,
  AvgPool2d,
  Linear,
  ReLU,
  Dropout,
  Flatten,
  LSTM,
  GRU,
  AdaptiveAvgPool2d,
  LeakyReLU,
  GELU,
  Sigmoid,
  Tanh,
} = facegrad;
type Value = facegrad.Value;
type Layers = facegrad.Module;

const classes = ['a', 'b', 'c'];
const noise = (seed: number, i: number) => random(seed, 1, 2, i) / 2 ** 31 - 1;

/** A module from a function, for what layers do not have. */
class Apply extends Module {
  constructor(readonly apply: (pass: facegrad.Pass, x: Value) => Value) {
    super();
  }

  forward(pass: facegrad.Pass, x: Value): Value {
    return this.apply(pass, x);
  }
}

class Residual extends Module {
  readonly conv = new Conv2d(4, 4, 3, { padding: 1, bias: false, groups: 2 });
  readonly bn = new BatchNorm2d(4, { eps: 1e-3 });
  readonly relu = new ReLU();

  forward(pass: facegrad.Pass, x: Value): Value {
    return this.relu.forward(pass, pass.add(x, this.bn.forward(pass, this.conv.forward(pass, x))));
  }
}

class Upwards extends Module {
  readonly weight = new Parameter([4, 2, 3, 2], (target) => target.fill(0.2));

  forward({ tape }: facegrad.Pass, x: Value): Value {
    const attributes = { stride: 2, padding: 1, outputPadding: [0, 1] as const, groups: 2 };
    return tape.apply(operations.convTranspose2d, { x, weight: this.weight.value }, attributes).y;
  }
}

/** Features of frames, T steps of them, and the last output. */
class Frames extends Module {
  readonly features = new Linear(64, 5);

  constructor(
    readonly recurrent: facegrad.LSTM | facegrad.GRU,
    readonly last: boolean,
  ) {
    super();
  }

  readonly classifier = new Linear(4, 3);

  forward(pass: facegrad.Pass, x: Value): Value {
    const { tape, samples } = pass;
    const steps = x.shape[0] / samples;
    const flat = tape.apply(operations.reshape, { x }, { shape: [x.shape[0], 64] }).y;
    const features = this.features.forward(pass, flat);
    const sequence = tape.apply(
      operations.reshape,
      { x: features },
      { shape: [steps, samples, 5] },
    ).y;
    const { hs, h_n } = this.recurrent.sequence(pass, sequence);
    const y = this.last ? h_n : tape.apply(operations.mean, { x: hs }, { axes: 0 }).y;
    return this.classifier.forward(pass, y);
  }
}

const networks: Record<string, () => Layers> = {
  'the layers of a small VGG': () =>
    new Sequential(
      new Conv2d(1, 4, 3, { padding: 'same' }),
      new BatchNorm2d(4),
      new ReLU(),
      new MaxPool2d(2),
      new Conv2d(4, 6, [3, 2], { stride: [1, 2], padding: [1, 0, 0, 1], dilation: [1, 2] }),
      new Flatten(),
      new Dropout(0.5),
      new Linear(36, 3),
    ),
  'a residual block and an average pool': () =>
    new Sequential(
      new Conv2d(1, 4, 5, { padding: 2, stride: 2 }),
      new Upwards(),
      new Residual(),
      new AvgPool2d(3, { stride: 2, padding: 1 }),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
      new Linear(4, 3, { bias: false }),
    ),
  'functions and reductions': () =>
    new Sequential(
      new LeakyReLU(0.2),
      new GELU(),
      new Apply(({ tape }, x) => {
        const y = tape.apply(operations.elu, { x }, { alpha: 0.5 }).y;
        const z = tape.apply(operations.gelu, { x }, undefined).y;
        const both = tape.apply(operations.concat, { y, z }, { axis: 1 }).y;
        const kept = tape.apply(
          operations.slice,
          { x: both },
          { starts: [1], ends: [-1], axes: [2] },
        ).y;
        const padded = tape.apply(
          operations.pad,
          { x: kept },
          { before: [0, 0, 1, 0], after: [0, 0, 1, 0], mode: 'edge' },
        ).y;
        const mixed = tape.apply(operations.localResponseNorm, { x: padded }, { size: 3 }).y;
        const moved = tape.apply(operations.transpose, { x: mixed }, { axes: [0, 2, 3, 1] }).y;
        return tape.apply(operations.logSumExp, { x: moved }, { axes: [1] }).y; // [N, 8, 2]
      }),
      new Flatten(),
      new Apply(({ tape }, x) => tape.apply(operations.normalize, { x }, {}).y),
      new Linear(16, 8),
      new Apply(({ tape }, x) => tape.apply(operations.silu, { x }, undefined).y),
      new Sigmoid(),
      new Tanh(),
      new Linear(8, 3),
      new Apply(({ tape }, x) => {
        const scaled = tape.apply(operations.affine, { x }, { scale: 2, shift: -1 }).y;
        return tape.apply(operations.clip, { x: scaled }, { min: -0.5 }).y;
      }),
    ),
};

const sequences: Record<string, () => Layers> = {
  'an LSTM, its last state': () => new Frames(new LSTM(5, 4), true),
  'an LSTM without biases, its outputs': () => new Frames(new LSTM(5, 4, { bias: false }), false),
  'a GRU, its last state': () => new Frames(new GRU(5, 4), true),
};

/** The network's own logits for noise, and the numbers that an ONNX program is given. */
async function compare(module: Layers, count: number, samples: number) {
  const gpu = await testGpu();
  const size = 8;
  const frames = count > 1 ? { mode: 'sequence' as const, count } : undefined;
  const network = new Network(module, { size, classes, frames });
  const storage = new Storage(gpu);
  network.initialize(storage, 3);
  const tensors = (await network.export(storage)).map((tensor, t) => ({
    ...tensor,
    data: tensor.data.map((value, i) =>
      tensor.name.endsWith('running_var') ? 0.5 + Math.abs(noise(t, i)) : value + noise(t, i) / 4,
    ),
  }));
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  network.import(storage, byName);

  const shape = [count * samples, 1, size, size];
  const data = Float32Array.from({ length: count * samples * size * size }, (_, i) => noise(77, i));
  const lengths = Uint32Array.from({ length: samples }, (_, n) => 1 + (n % count));
  const x = state('x', f32(shape));
  const valid = state('lengths', u32([samples]));
  storage.write(x, data);
  storage.write(valid, lengths);
  const tape = new Tape(gpu.capabilities);
  const step = state('step', u32([64]));
  const pass = new Pass(tape, false, step, samples, count > 1 ? valid : undefined);
  const logits = module.forward(pass, x);
  const plan = await Plan.compile(tape, storage, { keep: [logits] });
  plan.run();
  const wanted = (await plan.read(logits)) as Float32Array;
  plan.dispose();
  storage.dispose();

  const file = facegrad.exportNetwork(network, byName);
  if (!hasOnnxRuntime) return;
  const feeds: Record<string, Feed> = { pictures: { shape, data } };
  if (count > 1) feeds.lengths = { shape: [samples], data: Int32Array.from(lengths) };
  const given = await runOnnx(file, feeds);
  expect(given.probabilities.dims).toEqual([samples, 3]);
  wanted.forEach((z, i) => {
    expect(Math.abs(given.logits.data[i] - z)).toBeLessThan(1e-4);
    const row = wanted.slice(i - (i % 3), i - (i % 3) + 3);
    const p = Math.exp(z) / row.reduce((sum, v) => sum + Math.exp(v), 0);
    expect(Math.abs(given.probabilities.data[i] - p)).toBeLessThan(1e-4);
  });
}

/** Without onnxruntime these cases still trace and write. */
describe('a network of one’s own as ONNX', () => {
  it.each(Object.entries(networks))('%s', (_, make) => compare(make(), 1, 5));
  it.each(Object.entries(sequences))('%s', (_, make) => compare(make(), 3, 4));

  it('has nodes, weights under PyTorch’s names, and metadata', async () => {
    const storage = new Storage(await testGpu());
    const network = new Network(networks['the layers of a small VGG'](), { size: 8, classes });
    network.initialize(storage, 1);
    const tensors = new Map((await network.export(storage)).map((t) => [t.name, t]));
    storage.dispose();
    const text = new TextDecoder('latin1').decode(facegrad.exportNetwork(network, tensors));
    for (const part of ['Conv', 'BatchNormalization', 'MaxPool', 'Gemm', 'Softmax', 'a,b,c']) {
      expect(text).toContain(part);
    }
    for (const name of tensors.keys()) expect(text).toContain(name);
    expect(text).not.toContain('Dropout');
    tensors.delete('7.weight');
    expect(() => facegrad.exportNetwork(network, tensors)).toThrow(/the weights hold no 7.weight/);
  });

  it('says which operation ONNX lacks', async () => {
    const storage = new Storage(await testGpu());
    const module = new Sequential(
      new Flatten(),
      new Linear(64, 3),
      new Apply(({ tape }, x) => tape.apply(operations.cdist, { a: x, b: x }, {}).y),
      new Apply(({ tape }, x) => tape.apply(operations.slice, { x }, { starts: [0], ends: [2] }).y),
    );
    const network = new Network(module, { size: 8, classes });
    network.initialize(storage, 1);
    const tensors = new Map((await network.export(storage)).map((t) => [t.name, t]));
    storage.dispose();
    expect(() => facegrad.exportNetwork(network, tensors)).toThrow(/operation cdist/);
  });
});
