import { f32, size } from '../kernels/kernel';
import { FlippedWeights, type ConvVariant } from '../tape/operations/conv5x5';
import { reshape } from '../tape/operations/reshape';
import type { Storage } from '../tape/storage';
import type { Tape } from '../tape/tape';
import { state, type Value } from '../tape/value';
import { preprocess } from '../vision/preprocess';
import { standardize } from '../vision/standardize';
import { checkModelConfig, type ModelConfig } from './config';
import { ConvBlock, Linear, LSTM, type Arenas, type LstmState } from './layers';
import { ParameterArena, type NamedTensor } from './parameters';

/** What a forward pass is given beside the images. */
export interface ForwardOptions {
  training: boolean;
  /** Per-step numbers (seed, step number); dropout draws from them. */
  step: Value;
  /** u32 [N]: valid frames of each sequence. */
  lengths?: Value;
  /** Start from and update this state (a camera's stream), in place of zero. */
  state?: LstmState;
}

/**
 * The paper's network: preprocessing, one or two convolution streams, fusion by an LSTM (or a dense
 * layer), class scores. Holds descriptions only; memory is a `Storage`'s.
 */
export class Model {
  readonly arenas: Arenas = {
    parameters: new ParameterArena('parameters', { gradients: true }),
    statistics: new ParameterArena('statistics', { gradients: false }),
  };
  readonly #blocks: ConvBlock[];
  readonly #features: Linear;
  readonly #lstm?: LSTM;
  readonly #fusion?: Linear;
  readonly #classifier: Linear;
  /** Zero states by batch size: bound where the LSTM starts from nothing. */
  readonly #zero = new Map<number, LstmState>();

  constructor(
    readonly config: ModelConfig,
    options: { variant?: ConvVariant } = {},
  ) {
    checkModelConfig(config);
    const { arenas } = this;
    const { widths, streams, hidden, dense } = config;
    const flipped = new FlippedWeights();
    this.#blocks = widths.map((width, i) => {
      const channels = i === 0 ? 1 : widths[i - 1];
      const last = i === widths.length - 1;
      const name = `streams.*.block${i + 1}`;
      const flips = i > 0 ? flipped : undefined;
      return new ConvBlock(arenas, name, channels, width, streams, last, options.variant, flips);
    });
    const side = Math.floor(config.size / 2 ** widths.length);
    const flat = widths[widths.length - 1] * side * side;
    this.#features = new Linear(arenas, 'streams.*.fc', flat, dense, streams);
    const fused = config.frames.mode === 'streams' ? dense : dense * streams.length;
    if (config.fusion === 'lstm') this.#lstm = new LSTM(arenas, 'lstm', fused, hidden);
    else this.#fusion = new Linear(arenas, 'fusion', fused, hidden);
    this.#classifier = new Linear(arenas, 'classifier', hidden, config.classes.length);
    arenas.parameters.finish();
    arenas.statistics.finish();
  }

  /** Fills parameters and statistics from a seed. */
  initialize(storage: Storage, seed: number): void {
    this.arenas.parameters.initialize(storage, seed);
    this.arenas.statistics.initialize(storage, seed);
  }

  /**
   * Appends the forward pass.
   * @param images f32 [T * N, H, W], whole numbers 0 to 255; frame t of sample n at t * N + n
   * @param samples N
   * @returns logits [N, classes]
   */
  forward(tape: Tape, images: Value, samples: number, options: ForwardOptions): Value {
    const { streams, preprocess: settings } = this.config;
    const pictures = streams.map((kind) => preprocess(tape, images, kind, settings));
    return this.forwardFrom(tape, standardize(tape, pictures), samples, options);
  }

  /** As `forward`, from standardized streams: x [G, T * N, 1, H, W] with a border of 2. */
  forwardFrom(tape: Tape, x: Value, samples: number, options: ForwardOptions): Value {
    const { training } = options;
    const { dense, dropout: rate, hidden } = this.config;
    let y = x;
    for (const block of this.#blocks) y = block.forward(tape, y, training);
    const [groups, frames] = y.shape;
    const flat = tape.apply(
      reshape,
      { x: y },
      { shape: [groups, frames, size(y.shape.slice(2))] },
    ).y;
    // The streams' features side by side, unless the streams are steps of the LSTM themselves.
    const sideBySide = groups > 1 && this.config.frames.mode !== 'streams';
    const features = this.#features.forward(tape, flat, {
      relu: true,
      dropout: training && rate > 0 ? { rate, stream: 1 } : undefined,
      step: options.step,
      sideBySide,
    });
    const width = sideBySide ? groups * dense : dense;
    const steps = tape.apply(
      reshape,
      { x: features },
      { shape: [(groups * frames * dense) / samples / width, samples, width] }, // [T, N, width]
    ).y;
    const state = this.#fuse(tape, steps, samples, options);
    const rows = tape.apply(reshape, { x: state }, { shape: [1, samples, hidden] }).y;
    const logits = this.#classifier.forward(tape, rows);
    return tape.apply(reshape, { x: logits }, { shape: [samples, this.config.classes.length] }).y;
  }

  #fuse(tape: Tape, steps: Value, samples: number, options: ForwardOptions): Value {
    if (this.#fusion) return this.#fusion.forward(tape, steps, { relu: true });
    const start = options.state ?? this.#zeroState(samples);
    const { h_n } = this.#lstm!.forward(tape, steps, start, {
      zeroState: options.state === undefined,
      updateState: options.state !== undefined,
      lengths: options.lengths,
    });
    return h_n;
  }

  #zeroState(samples: number): LstmState {
    let zero = this.#zero.get(samples);
    if (!zero) {
      const spec = f32([samples, this.config.hidden]);
      zero = { h: state('h0', spec), c: state('c0', spec) };
      this.#zero.set(samples, zero);
    }
    return zero;
  }

  /** Every tensor of a weights file: parameters and running statistics. */
  async export(storage: Storage): Promise<NamedTensor[]> {
    const { parameters, statistics } = this.arenas;
    return [...(await parameters.export(storage)), ...(await statistics.export(storage))];
  }

  /** @throws FacegradError `bad-input` when a tensor is missing or of another shape; nothing is written then */
  import(storage: Storage, tensors: ReadonlyMap<string, NamedTensor>): void {
    const { parameters, statistics } = this.arenas;
    const packed = [parameters.pack(tensors), statistics.pack(tensors)];
    storage.write(parameters.flat, packed[0]);
    storage.write(statistics.flat, packed[1]);
  }
}
