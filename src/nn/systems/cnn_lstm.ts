import { FacegradError } from '../../gpu/errors';
import { size } from '../../kernels/kernel';
import { reshape } from '../../tape/operations/reshape';
import type { Value } from '../../tape/value';
import type { StreamKind } from '../../vision/preprocess';
import { BatchNorm2d, Conv2d, Dropout, Linear, LSTM, MaxPool2d, ReLU, SideBySide } from '../layers';
import { Module, Streams, type Pass } from '../module';
import { checkNetworkConfig, refuseSetting, type NetworkConfig } from '../network';
import { defineSystem } from './system';

/** The paper's network: convolution streams, fused by an LSTM or a dense layer. */
export interface ModelConfig extends NetworkConfig {
  /** Output channels of the convolution blocks. */
  widths: number[];
  /** Features a stream gives. */
  dense: number;
  /** Hidden size of the LSTM, or of the layer in its place with `concat`. */
  hidden: number;
  fusion: 'lstm' | 'concat';
  /** Share of the streams' features dropped in training. */
  dropout: number;
}

/** Convolution 5x5 `same` without bias, batch norm, ReLU, max-pool 2x2: one block of every stream. */
export class ConvBlock extends Module {
  readonly conv: Conv2d;
  readonly bn: BatchNorm2d;
  readonly #relu = new ReLU();
  readonly #pool = new MaxPool2d(2);

  constructor(inChannels: number, outChannels: number) {
    super();
    this.conv = new Conv2d(inChannels, outChannels, 5, { padding: 2, bias: false });
    this.bn = new BatchNorm2d(outChannels);
  }

  forward(pass: Pass, x: Value): Value {
    const y = this.bn.forward(pass, this.conv.forward(pass, x));
    return this.#pool.forward(pass, this.#relu.forward(pass, y));
  }
}

/** One stream: x [G, N, 1, S, S] -> features [G, N, dense]. */
class Stream extends Module {
  readonly #blocks: ConvBlock[];
  declare readonly fc: Linear; // behind the blocks, as its parameters are
  readonly #relu = new ReLU();
  readonly #dropout: Dropout;

  constructor({ size, widths, dense, dropout }: ModelConfig) {
    super();
    this.#blocks = widths.map((width, i) => new ConvBlock(i === 0 ? 1 : widths[i - 1], width));
    this.#blocks.forEach((block, i) => Object.assign(this, { [`block${i + 1}`]: block }));
    const side = Math.floor(size / 2 ** widths.length);
    this.fc = new Linear(widths[widths.length - 1] * side * side, dense);
    this.#dropout = new Dropout(dropout);
  }

  forward(pass: Pass, x: Value): Value {
    const maps = this.#blocks.reduce((y, block) => block.forward(pass, y), x);
    const [groups, pictures, ...map] = maps.shape;
    const shape = [groups, pictures, size(map)];
    const flat = pass.tape.apply(reshape, { x: maps }, { shape }).y;
    const features = this.#relu.forward(pass, this.fc.forward(pass, flat));
    return this.#dropout.forward(pass, features);
  }
}

/** x [T * N, 1, S, S] of one stream, [2, T * N, 1, S, S] of two -> logits [N, classes]. */
class CnnLstm extends Module {
  readonly streams: Streams;
  readonly lstm?: LSTM;
  readonly fusion?: Linear;
  readonly classifier: Linear;
  readonly #sideBySide = new SideBySide();
  readonly #relu = new ReLU();

  constructor(readonly config: ModelConfig) {
    super();
    const { streams, dense, hidden, fusion, frames, classes } = config;
    this.streams = new Streams(streams, new Stream(config));
    const fused = frames.mode === 'streams' ? dense : dense * streams.length;
    if (fusion === 'lstm') this.lstm = new LSTM(fused, hidden, { forgetBias: true });
    else this.fusion = new Linear(fused, hidden);
    this.classifier = new Linear(hidden, classes.length);
  }

  forward(pass: Pass, x: Value): Value {
    const features = this.streams.forward(pass, x); // [G, T * N, dense]
    // The streams' features side by side, unless the streams are steps of the LSTM themselves.
    const steps =
      this.config.frames.mode === 'streams' ? features : this.#sideBySide.forward(pass, features);
    if (this.fusion) {
      return this.classifier.forward(
        pass,
        this.#relu.forward(pass, this.fusion.forward(pass, steps)),
      );
    }
    const width = steps.shape.at(-1)!;
    const shape = [size(steps.shape) / width / pass.samples, pass.samples, width]; // [T, N, width]
    const sequence = pass.tape.apply(reshape, { x: steps }, { shape }).y;
    return this.classifier.forward(pass, this.lstm!.sequence(pass, sequence).h_n);
  }
}

const common = {
  streams: ['equalized', 'edges'] as StreamKind[],
  fusion: 'lstm' as const,
  frames: { mode: 'still' as const, count: 1 },
  dropout: 0.2,
};
const small = { ...common, size: 48, widths: [16, 32, 64, 96, 128], dense: 256, hidden: 128 };

export const cnnLstm = defineSystem<Omit<ModelConfig, 'kind' | 'name' | 'classes'>>({
  name: 'cnn-lstm',
  about: "the paper's network: two convolution streams and an LSTM",
  defaults: small,
  check({ size, widths, dense, hidden, streams, fusion, frames, dropout }) {
    const count = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
    if (!Array.isArray(widths) || widths.length < 1 || !widths.every(count)) {
      refuseSetting('widths must list the channels of at least one block', widths);
    }
    if (Math.floor(size / 2 ** widths.length) < 1) {
      refuseSetting(`${widths.length} pools leave nothing of ${size}x${size} pixels`, widths);
    }
    if (!count(dense)) refuseSetting('dense must be 1 or more', dense);
    if (!count(hidden)) refuseSetting('hidden must be 1 or more', hidden);
    if (fusion !== 'lstm' && fusion !== 'concat') {
      refuseSetting('fusion must be lstm or concat', fusion);
    }
    if (frames.mode === 'streams' && streams.length !== 2) {
      refuseSetting('frames.mode streams needs two streams', frames);
    }
    if (frames.mode !== 'still' && fusion !== 'lstm') {
      refuseSetting("several frames need fusion 'lstm'", frames);
    }
    if (!(dropout >= 0 && dropout < 1)) refuseSetting('dropout must be in [0, 1)', dropout);
  },
  build: (config) => new CnnLstm(config as ModelConfig),
});

const EXPRESSIONS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'];
const identity = { kind: 'system' as const, name: cnnLstm.name, classes: EXPRESSIONS };

/** The documented sizes: `tiny` learns the synthetic faces in a minute, `paper` is the paper's network. */
export const PRESETS = {
  tiny: { ...identity, ...common, size: 48, widths: [8, 16, 16, 32, 32], dense: 64, hidden: 32 },
  small: { ...identity, ...small },
  paper: {
    ...identity,
    ...common,
    size: 96,
    widths: [32, 64, 128, 128, 256],
    dense: 256,
    hidden: 128,
  },
} satisfies Record<string, ModelConfig>;

export type Preset = keyof typeof PRESETS;

/**
 * A preset with changes, checked.
 * @throws FacegradError `bad-input` naming the setting
 */
export function modelConfig(preset: Preset, changes: Partial<ModelConfig> = {}): ModelConfig {
  if (!Object.hasOwn(PRESETS, preset)) {
    throw new FacegradError('bad-input', `unknown preset ${preset}`, {
      wanted: preset,
      available: Object.keys(PRESETS),
    });
  }
  const config: ModelConfig = { ...PRESETS[preset], ...changes };
  checkNetworkConfig(config);
  cnnLstm.check!(config);
  return config;
}
