import { describe, expect, it } from 'vitest';
import * as facegrad from '../../src/index';
import { expectAlike, noisyWeights } from './compare';

const { exportOnnx, Module, Network, Sequential, Streams, Parameter, operations } = facegrad;
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

/** A row in front of each picture's, the same for all of them. */
class Token extends Module {
  readonly token = new Parameter([1, 1, 8], (target) => target.fill(0.3));

  forward({ tape }: facegrad.Pass, x: Value): Value {
    const [samples] = x.shape;
    const rows = tape.apply(operations.reshape, { x }, { shape: [samples, 8, 8] }).y;
    const shape = [samples, 1, 8];
    const token = tape.apply(operations.expand, { x: this.token.value }, { shape }).y;
    const all = tape.apply(operations.concat, { token, rows }, { axis: 1 }).y; // [N, 9, 8]
    return tape.apply(operations.softmax, { x: all }, {}).y;
  }
}

/** The product of the dense kernels, which take maps as they are. */
class Unflattened extends Module {
  readonly weight = new Parameter([3, 32], (target) => target.fill(0.1));

  forward({ tape }: facegrad.Pass, x: Value): Value {
    return tape.apply(operations.linear, { x, weight: this.weight.value }, {}).y;
  }
}

/** Distances from prototypes, an operation that ONNX lacks. */
class Prototypes extends Module {
  readonly prototypes = new Parameter([3, 64], (target) => target.fill(0.1));

  forward({ tape }: facegrad.Pass, x: Value): Value {
    return tape.apply(operations.cdist, { a: x, b: this.prototypes.value }, {}).y;
  }
}

/** Both streams' layers in the same dispatches: their parameters have a leading axis. */
class Stream extends Module {
  readonly conv = new Conv2d(1, 4, 5, { padding: 2 });
  readonly again = new Conv2d(4, 4, 5, { padding: 2 });
  readonly bn = new BatchNorm2d(4);
  readonly relu = new ReLU();
  readonly pool = new MaxPool2d(4);
  readonly flatten = new Flatten(2);
  readonly linear = new Linear(16, 5);

  forward(pass: facegrad.Pass, x: Value): Value {
    const y = this.relu.forward(pass, this.bn.forward(pass, this.conv.forward(pass, x)));
    const sum = pass.add(y, new GELU().forward(pass, this.again.forward(pass, y)));
    const maps = this.pool.forward(pass, sum);
    return this.linear.forward(pass, this.flatten.forward(pass, maps));
  }
}

/** The difference of two streams' features. */
class TwoStreams extends Module {
  readonly streams = new Streams(['equalized', 'edges'], new Stream());
  readonly classifier = new Linear(5, 3);

  forward(pass: facegrad.Pass, x: Value): Value {
    const { tape, samples } = pass;
    const features = this.streams.forward(pass, x);
    const [a, b] = [0, 1].map((g) => {
      const cut = { starts: [g], ends: [g + 1], axes: [0] };
      const { y } = tape.apply(operations.slice, { x: features }, cut);
      return tape.apply(operations.reshape, { x: y }, { shape: [samples, 5] }).y;
    });
    return this.classifier.forward(pass, tape.apply(operations.sub, { a, b }).y);
  }
}

/** Features of frames, T steps of them, and the last output. */
class Frames extends Module {
  readonly features = new Linear(64, 5);

  constructor(
    readonly recurrent: facegrad.LSTM | facegrad.GRU,
    readonly read: 'state' | 'mean' | 'last output',
    readonly only?: number,
  ) {
    super();
  }

  readonly classifier = new Linear(4, 3);

  forward(pass: facegrad.Pass, x: Value): Value {
    const { tape, samples } = pass;
    const steps = this.only ?? x.shape[0] / samples;
    const sequence = tape.apply(operations.reshape, { x }, { shape: [steps, samples, 64] }).y;
    const features = this.features.forward(pass, sequence);
    const { hs, h_n } = this.recurrent.sequence(pass, features);
    const last = { starts: [steps - 1], ends: [steps] };
    const y = {
      state: () => h_n,
      mean: () => tape.apply(operations.mean, { x: hs }, { axes: 0 }).y,
      'last output': () => {
        const { y } = tape.apply(operations.slice, { x: hs }, last);
        return tape.apply(operations.reshape, { x: y }, { shape: [samples, 4] }).y;
      },
    }[this.read]();
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
  'a token for every sample, and features that nobody flattens': () =>
    new Sequential(
      new Token(),
      new Apply(({ tape, samples }, x) => {
        return tape.apply(operations.reshape, { x }, { shape: [samples, 1, 9, 8] }).y;
      }),
      new Conv2d(1, 2, 5, { padding: 2 }), // on kernels of its own
      new MaxPool2d(2),
      new Unflattened(),
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
  'an LSTM, its last state': () => new Frames(new LSTM(5, 4), 'state'),
  'an LSTM without biases, its outputs': () => new Frames(new LSTM(5, 4, { bias: false }), 'mean'),
  'a GRU, its last state': () => new Frames(new GRU(5, 4), 'state'),
  'a GRU, its last output': () => new Frames(new GRU(5, 4), 'last output'),
};

const single = (module: Layers) => new Network(module, { size: 8, classes });
const sequence = (module: Layers) =>
  new Network(module, { size: 8, classes, frames: { mode: 'sequence', count: 3 } });

/** Without onnxruntime these cases still trace and write. */
describe('a network of one’s own as ONNX', () => {
  it.each(Object.entries(networks))('%s', (_, make) => expectAlike(single(make()), 5));
  it.each(Object.entries(sequences))('%s', async (_, make) => {
    for (const frames of [3, 4]) await expectAlike(sequence(make()), 4, frames);
  });

  it('two streams', async () => {
    const streams = ['equalized', 'edges'] as const;
    await expectAlike(new Network(new TwoStreams(), { size: 8, classes, streams }), 3);
  });

  it('has nodes, weights under PyTorch’s names, and metadata', async () => {
    const network = single(networks['the layers of a small VGG']());
    const { config } = network;
    const tensors = await noisyWeights(network);
    const text = new TextDecoder('latin1').decode(exportOnnx({ config, tensors }, network));
    for (const part of ['Conv', 'BatchNormalization', 'MaxPool', 'Gemm', 'Softmax', 'a,b,c']) {
      expect(text).toContain(part);
    }
    for (const name of tensors.keys()) expect(text).toContain(name);
    expect(text).not.toMatch(/Dropout|Unsqueeze|Squeeze|Transpose/);
    tensors.delete('7.weight');
    expect(() => exportOnnx({ config, tensors }, network)).toThrow(
      /the weights do not contain 7.weight/,
    );
  });

  const refused = async (network: facegrad.Network, message: RegExp) => {
    const tensors = await noisyWeights(network);
    expect(() => exportOnnx({ config: network.config, tensors }, network)).toThrow(message);
  };

  it('says which operation ONNX lacks', () =>
    refused(single(new Sequential(new Flatten(), new Prototypes())), /operation cdist/));

  it('says that a network is made for one number of frames', () =>
    refused(sequence(new Frames(new LSTM(5, 4), 'state', 3)), /takes 3 frames, not 4/));

  it('refuses numbers that depend on the samples', () => {
    const share = new Apply(({ tape, samples }, x) => {
      return tape.apply(operations.affine, { x }, { scale: 1 / samples }).y;
    });
    const network = single(new Sequential(new Flatten(), new Linear(64, 3), share));
    return refused(network, /affine does depends on the number of samples/);
  });
});
