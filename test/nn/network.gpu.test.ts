import { describe, expect, it } from 'vitest';
import { syntheticFaces } from '../../src/data/synthetic';
import { f32, u32 } from '../../src/kernels/kernel';
import { PLAIN, type Tuning } from '../../src/kernels/tuning';
import * as blocks from '../../src/nn/blocks';
import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Flatten,
  GRU,
  Linear,
  LSTM,
  MaxPool2d,
  ReLU,
  SideBySide,
  type Conv2dOptions,
} from '../../src/nn/layers';
import { Module, Sequential, Streams, type Output, type Pass } from '../../src/nn/module';
import { Network } from '../../src/nn/network';
import { createNetwork } from '../../src/nn/systems';
import { PRESETS } from '../../src/nn/systems/cnn_lstm';
import { crossEntropy } from '../../src/tape/operations/cross_entropy';
import { reshape } from '../../src/tape/operations/reshape';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state, type Value } from '../../src/tape/value';
import { trainConfig } from '../../src/train/config';
import { optimize } from '../../src/train/optimizer';
import { recordStep } from '../../src/train/step';
import { Trainer } from '../../src/train/trainer';
import { testGpu } from '../support/gpu';

const classes = ['a', 'b', 'c'];

/** One pass over pictures [N, 1, 12, 12] in training, and its gradients: everything that a step has. */
async function step(module: Module, samples: number, tuning?: Tuning) {
  const gpu = await testGpu();
  const storage = new Storage(gpu);
  const network = new Network(module, { size: 12, classes });
  const { parameters, statistics } = network.arenas;
  const tape = new Tape(gpu.capabilities, tuning);
  const images = state('images', f32([samples, 12, 12]));
  const { logits } = network.forward(tape, images, samples, {
    training: true,
    step: state('step', u32([64])),
  });
  const labels = state('labels', u32([samples]));
  const { loss } = tape.apply(crossEntropy, { x: logits, labels }, {});
  const one = state('one', f32(loss.shape));
  tape.seed(loss, one);
  tape.backward();
  const plan = await Plan.compile(tape, storage, { keep: [loss, logits] });
  network.initialize(storage, 3);
  storage.write(one, Float32Array.of(1));
  storage.write(
    images,
    Float32Array.from({ length: samples * 144 }, (_, i) => (i * 97) % 251),
  );
  storage.write(
    labels,
    Uint32Array.from({ length: samples }, (_, i) => i % 3),
  );
  plan.run();
  const read = {
    loss: [...(await plan.read(loss))],
    logits: [...(await plan.read(logits))],
    gradient: [...(await storage.read(parameters.gradient!))],
    statistics: [...(await storage.read(statistics.flat))],
  };
  plan.dispose();
  storage.dispose();
  const kernels = tape.dispatches.map(({ kernel }) => kernel.name);
  return { ...read, kernels };
}

function expectClose(a: Awaited<ReturnType<typeof step>>, b: Awaited<ReturnType<typeof step>>) {
  for (const name of ['loss', 'logits', 'statistics', 'gradient'] as const) {
    expect(a[name]).toHaveLength(b[name].length);
    const scale = Math.max(1e-3, ...b[name].map(Math.abs));
    const worst = a[name].reduce((w, v, i) => Math.max(w, Math.abs(v - b[name][i])), 0);
    expect(worst / scale, name).toBeLessThan(2e-4);
  }
}

const block = (channels: number, width: number, bias = false) => [
  new Conv2d(channels, width, 5, { padding: 2, bias }),
  new BatchNorm2d(width),
  new ReLU(),
];

const small = (channels: number, width: number, kernel: number, options: Conv2dOptions) => [
  new Conv2d(channels, width, kernel, options),
  new BatchNorm2d(width),
  new ReLU(),
];

/** What a 3x3 convolution reads in a border is read dense as well. */
class Residual extends Module {
  readonly head = new Sequential(...small(1, 4, 3, { padding: 1 }));
  readonly body = new Sequential(...small(4, 4, 3, { padding: 1, bias: false }));
  readonly fc = new Linear(576, 3);
  readonly #flatten = new Flatten();

  forward(pass: Pass, x: Value): Value {
    const y = this.head.forward(pass, x);
    const sum = pass.add(y, this.body.forward(pass, y));
    return this.fc.forward(pass, this.#flatten.forward(pass, sum));
  }
}

/** What batch norm and ReLU make is pooled, and read once more beside the pool. */
class ReadTwice extends Module {
  readonly conv = new Conv2d(1, 4, 5, { padding: 2, bias: false });
  readonly bn = new BatchNorm2d(4);
  readonly fc = new Linear(4 * 6 * 6, 3);
  readonly side = new Linear(4 * 12 * 12, 3);
  readonly #relu = new ReLU();
  readonly #pool = new MaxPool2d(2);
  readonly #flatten = new Flatten();

  forward(pass: Pass, x: Value): Value {
    const open = this.#relu.forward(pass, this.bn.forward(pass, this.conv.forward(pass, x)));
    const pooled = this.#flatten.forward(pass, this.#pool.forward(pass, open));
    const whole = this.#flatten.forward(pass, open);
    return pass.add(this.fc.forward(pass, pooled), this.side.forward(pass, whole));
  }
}

describe('layers join in with the one before them', () => {
  const networks: [string, () => Module, RegExp][] = [
    [
      'batch norm, ReLU and pool',
      () => new Sequential(...block(1, 4), new MaxPool2d(2), new Flatten(), new Linear(144, 3)),
      /bn_relu_pool\.forward/,
    ],
    [
      'blocks behind each other, with a bias',
      () =>
        new Sequential(
          ...block(1, 4, true),
          new MaxPool2d(2),
          ...block(4, 6, true),
          new MaxPool2d(2),
          new Flatten(),
          new Linear(54, 3),
        ),
      /conv5x5\.(backward_input|flip)/,
    ],
    [
      'no pool: ReLU keeps the layout that the next convolution reads',
      () => new Sequential(...block(1, 4), ...block(4, 4), new Flatten(), new Linear(576, 3)),
      /batch_norm/,
    ],
    [
      'a convolution of what no batch norm made',
      () =>
        new Sequential(
          new Conv2d(1, 4, 5, { padding: 2 }),
          new MaxPool2d(2),
          new Conv2d(4, 4, 5, { padding: 2 }),
          new ReLU(),
          new Flatten(),
          new Linear(144, 5),
          new ReLU(),
          new Linear(5, 3),
        ),
      /max_pool\.forward/,
    ],
    ['a value that is read twice', () => new ReadTwice(), /bn_relu_pool\.forward/],
    [
      '3x3 convolutions and a pool',
      () =>
        new Sequential(
          ...small(1, 4, 3, { padding: 1 }),
          ...small(4, 8, 3, { padding: 1 }),
          new MaxPool2d(2),
          ...small(8, 8, 3, {}),
          new Flatten(),
          new Linear(128, 3),
        ),
      /batch_norm.*conv\.forward.*bn_relu_pool\.forward.*conv\.backward_weight/,
    ],
    [
      'stride 2, depthwise and 1x1, as in a MobileNet',
      () =>
        new Sequential(
          ...small(1, 4, 3, { stride: 2, padding: 1 }),
          ...small(4, 4, 3, { padding: 1, groups: 4 }),
          ...small(4, 8, 1, {}),
          ...small(8, 8, 3, { stride: 2, padding: 'same', groups: 8 }),
          ...small(8, 12, 1, { stride: 2 }),
          new Flatten(),
          new Linear(48, 3),
        ),
      /depthwise\.forward.*conv\.pointwise.*depthwise\.backward_weight/,
    ],
    [
      'a 5x5 convolution that leaves the rim out',
      () =>
        new Sequential(
          new Conv2d(1, 4, 5),
          new ReLU(),
          new Conv2d(4, 4, 5, { stride: 2, padding: 1 }),
          new Flatten(),
          new Linear(36, 3),
        ),
      /conv\.forward.*conv\.backward_weight/,
    ],
    ['a residual connection', () => new Residual(), /conv\.forward.*add\.forward/],
    [
      'residual blocks behind each other: the sum comes as the next convolution reads it',
      () => {
        const block = () =>
          new blocks.Residual(
            [
              ...small(4, 4, 3, { padding: 1, bias: false }),
              ...small(4, 4, 3, { padding: 1, bias: false }).slice(0, -1),
            ],
            undefined,
            new ReLU(),
          );
        return new Sequential(
          ...small(1, 4, 3, { padding: 1 }),
          block(),
          block(),
          new Flatten(),
          new Linear(576, 3),
        );
      },
      /batch_norm\.forward,add\.forward,relu\.forward,conv\.forward/,
    ],
  ];
  it.each(networks)('%s: as the readable kernels do one by one', async (_, make, kernels) => {
    const fast = await step(make(), 5);
    expectClose(fast, await step(make(), 5, PLAIN));
    expect(fast.kernels.join()).toMatch(kernels);
    expect(fast.kernels.filter((name) => /conv.*plain|conv2d/.test(name))).toEqual([]);
  });

  it("the paper's network written layer by layer is dispatched as the preset is", async () => {
    const { widths, dense, hidden } = PRESETS.tiny;
    const body = new Sequential(
      ...widths.flatMap((width, i) => [
        new Conv2d(i === 0 ? 1 : widths[i - 1], width, 5, { padding: 2, bias: false }),
        new BatchNorm2d(width),
        new ReLU(),
        new MaxPool2d(2),
      ]),
      new Flatten(2),
      new Linear(widths[4], dense),
      new ReLU(),
      new Dropout(0.2),
    );
    class Whole extends Module {
      readonly streams = new Streams(['equalized', 'edges'], body);
      readonly lstm = new LSTM(2 * dense, hidden);
      readonly classifier = new Linear(hidden, 7);
      readonly #sideBySide = new SideBySide();

      forward(pass: Pass, x: Value): Value {
        const features = this.#sideBySide.forward(pass, this.streams.forward(pass, x));
        const shape = [1, pass.samples, 2 * dense];
        const { y } = pass.tape.apply(reshape, { x: features }, { shape });
        return this.classifier.forward(pass, this.lstm.sequence(pass, y).h_n);
      }
    }
    const { size, streams, classes } = PRESETS.tiny;
    const network = new Network(new Whole(), { size, streams, classes });
    const gpu = await testGpu();
    const data = syntheticFaces({ seed: 1, count: 14 });
    const record = (of: Network) =>
      recordStep(gpu, of, trainConfig(of.config, { batch: 14 }), data).tape.dispatches.map(
        ({ kernel, inputs, attributes }) =>
          `${kernel.name} ${kernel.workgroups(inputs, attributes)}`,
      );
    expect(record(network)).toEqual(record(createNetwork(PRESETS.tiny)));
  });
});

describe('a network brings', () => {
  /** The configured loss of gamma 0, by its own hand. */
  class WithLoss extends Module<Output> {
    readonly fc = new Linear(48 * 48, 7);
    readonly #flatten = new Flatten();

    forward(pass: Pass, x: Value): Output {
      const embedding = this.#flatten.forward(pass, x);
      return { logits: this.fc.forward(pass, embedding), embedding };
    }

    override loss({ tape }: Pass, { logits, embedding }: Output, labels: Value, onehot: Value) {
      expect(embedding!.shape).toEqual([14, 48 * 48]);
      expect(onehot.shape).toEqual([14, 7]);
      return tape.apply(crossEntropy, { x: logits, labels }, {}).loss;
    }
  }
  class Without extends WithLoss {
    override loss = undefined as never;
  }

  it('its own loss, which trains as the configured one of the same formula does', async () => {
    const gpu = await testGpu();
    const training = syntheticFaces({ seed: 1, count: 28 });
    const losses = async (module: Module<Output>) => {
      const model = new Network(module, { size: 48, classes: training.classes });
      const config = trainConfig(model.config, {
        epochs: 2,
        batch: 14,
        logEvery: 1,
        loss: { gamma: 0, alpha: 'none', smoothing: 0 },
      });
      const trainer = await Trainer.create(gpu, config, { training }, { model });
      const found: number[] = [];
      for await (const event of trainer.run()) if (event.type === 'step') found.push(event.loss);
      trainer.dispose();
      return found;
    };
    const [own, configured] = [await losses(new WithLoss()), await losses(new Without())];
    expect(own).toHaveLength(4);
    own.forEach((loss, i) => expect(loss).toBeCloseTo(configured[i], 4));
    expect(own[3]).not.toBe(own[0]);
  });

  it.each([
    ['LSTM', () => new LSTM(144, 3)],
    ['GRU', () => new GRU(144, 3)],
  ])('%s: a state that is carried from pass to pass, where that is asked for', async (_, make) => {
    class Recurrent extends Module {
      readonly cell = make();

      forward(pass: Pass, x: Value): Value {
        const shape = [x.shape[0] / pass.samples, pass.samples, 144];
        const { y } = pass.tape.apply(reshape, { x }, { shape });
        return this.cell.sequence(pass, y).h_n;
      }
    }
    const gpu = await testGpu();
    const network = new Network(new Recurrent(), { size: 12, classes });
    const storage = new Storage(gpu);
    network.initialize(storage, 1);
    const picture = (frames: number) => state('picture', f32([frames, 12, 12]));
    const options = { training: false, step: state('step', u32([64])) };
    const pixels = Float32Array.from({ length: 288 }, (_, i) => (i * 31) % 255);

    const whole = picture(2);
    const both = new Tape(gpu.capabilities);
    const { logits: expected } = network.forward(both, whole, 1, options);
    const once = await Plan.compile(both, storage, { keep: [expected] });
    storage.write(whole, pixels);
    once.run();

    const one = picture(1);
    const memory: Value[] = [];
    const tape = new Tape(gpu.capabilities);
    const { logits } = network.forward(tape, one, 1, { ...options, memory });
    const plan = await Plan.compile(tape, storage, { keep: [logits] });
    expect(memory.length).toBeGreaterThan(0);
    for (const frame of [pixels.subarray(0, 144), pixels.subarray(144)]) {
      storage.write(one, frame);
      plan.run();
    }
    // What is carried lies in the memory itself.
    const a = await (logits.root.role === 'state' ? storage : plan).read(logits);
    const b = await once.read(expected);
    a.forEach((value, i) => expect(value).toBeCloseTo(b[i], 6));
    plan.dispose();
    once.dispose();
    storage.dispose();
  });

  it('optimize updates the parameters of a tape of one’s own', async () => {
    const gpu = await testGpu();
    const storage = new Storage(gpu);
    const network = new Network(new Sequential(new Flatten(), new Linear(144, 3)), {
      size: 12,
      classes,
    });
    const { parameters } = network.arenas;
    const tape = new Tape(gpu.capabilities);
    const step = state('step', u32([64]));
    const updated = optimize(
      tape,
      parameters,
      { name: 'sgd', learningRate: 0.5, weightDecay: 0, momentum: 0 },
      step,
      state('first bad step', u32([1])),
    );
    expect(Object.keys(updated)).toEqual(['velocity']);
    const plan = await Plan.compile(tape, storage);
    const numbers = new Uint32Array(64);
    numbers[1] = 1;
    new Float32Array(numbers.buffer)[2] = 0.5;
    storage.write(step, numbers);
    storage.write(parameters.gradient!, new Float32Array(parameters.flat.shape[0]).fill(2));
    plan.run();
    const values = await storage.read(parameters.flat);
    expect(values[0]).toBeCloseTo(-1, 6);
    plan.dispose();
    storage.dispose();
  });
});
