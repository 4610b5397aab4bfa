import type { Capabilities } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import { f32, u32 } from '../kernels/kernel';
import type { Tuning } from '../kernels/tuning';
import { reshapeLater } from '../tape/later';
import type { Storage } from '../tape/storage';
import { Tape } from '../tape/tape';
import { state, type Value } from '../tape/value';
import {
  preprocess,
  STREAM_KINDS,
  type PreprocessConfig,
  type StreamKind,
} from '../vision/preprocess';
import { standardize } from '../vision/standardize';
import { Pass, type Module, type Output, type PassOptions } from './module';
import { ParameterArena, storedShape, type NamedTensor } from './parameters';

/**
 * What a sample is:
 * - `still`: one picture (T = 1);
 * - `views`: the same picture `count` times, each jittered differently (T = 2 to 4);
 * - `streams`: one picture, whose streams' features are steps one after another;
 * - `sequence`: `count` frames in time order, shorter ones masked.
 */
export interface FramesConfig {
  mode: 'still' | 'views' | 'streams' | 'sequence';
  count: number;
}

/**
 * What is stored in every weights file, so that a file alone suffices to run: which network it is, what it is given, and
 * beside these fields the options of its system.
 */
export interface NetworkConfig {
  kind: 'system';
  /** Of the system that builds it (`nn/systems`), or one's own. */
  name: string;
  /** Height and width of the pictures that it is given. */
  size: number;
  classes: readonly string[];
  /** One or two preprocessings of the picture. */
  streams: readonly StreamKind[];
  frames: FramesConfig;
  preprocess?: PreprocessConfig;
}

const MODES: readonly string[] = ['still', 'views', 'streams', 'sequence'];

/** @throws FacegradError `bad-input` for the first setting that cannot be */
export function checkNetworkConfig(config: NetworkConfig): void {
  // A configuration may come from a file: nothing of it is believed.
  const { name, size, classes, streams, frames } = config;
  const count = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  if (typeof name !== 'string' || name === '') refuseSetting('name must be a string', name);
  if (!count(size) || size > 256) refuseSetting('size must be 1 to 256', size);
  if (!Array.isArray(streams) || !streams.every((kind) => STREAM_KINDS.includes(kind))) {
    refuseSetting(`streams must be among ${STREAM_KINDS.join(', ')}`, streams);
  }
  if (streams.length < 1 || streams.length > 2 || new Set(streams).size !== streams.length) {
    refuseSetting('streams must be one or two, and different', streams);
  }
  if (!MODES.includes(frames?.mode)) {
    refuseSetting(`frames.mode must be one of ${MODES.join(', ')}`, frames);
  }
  if (!count(frames.count)) refuseSetting('frames.count must be at least 1', frames);
  if (frames.mode === 'still' && frames.count !== 1)
    refuseSetting('frames.count must be 1 for stills', frames);
  if (!Array.isArray(classes) || !classes.every((name) => typeof name === 'string')) {
    refuseSetting('classes must be strings', classes);
  }
  if (classes.length < 2) refuseSetting('there must be at least two classes', classes);
}

export function refuseSetting(what: string, wanted: unknown): never {
  throw new FacegradError('bad-input', `network configuration: ${what}`, { wanted });
}

/** What a forward pass is given beside the pictures. */
export type ForwardOptions = Omit<PassOptions, 'samples'>;

/** What a network is given, where it is not the usual: one raw picture. */
export type NetworkOptions = Pick<NetworkConfig, 'size' | 'classes'> & Partial<NetworkConfig>;

/**
 * A module as a network: it gets pictures, and its parameters get a place. The module is given x [N, 1, size, size] of one
 * stream, [2, N, 1, size, size] of two, every picture with mean 0 and deviation 1 (T * N pictures of N samples, frame t of
 * sample n at t * N + n), and returns class scores [N, classes], or those and an embedding. Holds descriptions
 * only; memory is a `Storage`'s.
 */
export class Network {
  readonly config: NetworkConfig;
  readonly arenas = {
    parameters: new ParameterArena('parameters', { gradients: true }),
    /** Running statistics: saved with the weights, not trained. */
    statistics: new ParameterArena('statistics', { gradients: false }),
    /** Parameters without `requiresGrad`. */
    frozen: new ParameterArena('frozen', { gradients: false }),
  };

  /** @throws FacegradError `bad-input` naming the setting, or for a module without parameters */
  constructor(
    readonly root: Module<Value | Output>,
    options: NetworkOptions,
  ) {
    const given = { ...options, classes: [...options.classes] };
    this.config = {
      kind: 'system',
      name: 'network',
      streams: ['raw'],
      frames: { mode: 'still', count: 1 },
      ...given,
    };
    checkNetworkConfig(this.config);
    const { parameters, statistics, frozen } = this.arenas;
    for (const [name, parameter] of root.named()) {
      const { kind, requiresGrad, shape, init, options, streams } = parameter;
      const arena = kind === 'statistic' ? statistics : requiresGrad ? parameters : frozen;
      const { decay, order } = options;
      const entry = { init, decay, order, streams };
      parameter.place(arena.add(name, storedShape(shape, entry), entry), name);
    }
    if (this.parameterCount === 0) {
      throw new FacegradError(
        'bad-input',
        'the module has no parameters: are its layers stored as properties?',
      );
    }
    for (const arena of Object.values(this.arenas)) arena.finish();
  }

  /** Parameters and statistics, as they lie in memory: all of what is fixed where nothing is trained. */
  get weights(): Value[] {
    return Object.values(this.arenas).map(({ flat }) => flat);
  }

  /** Numbers that training sets or set, frozen ones too. */
  get parameterCount(): number {
    return this.arenas.parameters.count + this.arenas.frozen.count;
  }

  /** Frames of a sample that are pictures of their own. */
  get framesPerSample(): number {
    const { mode, count } = this.config.frames;
    return mode === 'views' || mode === 'sequence' ? count : 1;
  }

  /** Fills parameters and statistics from a seed. */
  initialize(storage: Storage, seed: number): void {
    for (const arena of Object.values(this.arenas)) arena.initialize(storage, seed);
  }

  /**
   * Appends preprocessing and the forward pass.
   * @param images f32 [T * N, H, W], whole numbers 0 to 255
   * @param samples N
   */
  forward(tape: Tape, images: Value, samples: number, options: ForwardOptions): Output {
    return this.forwardFrom(tape, this.preprocess(tape, images), samples, options);
  }

  /** Images f32 [T * N, H, W] as the standardized streams that the module is given. */
  preprocess(tape: Tape, images: Value): Value {
    const { streams, preprocess: settings } = this.config;
    return standardize(
      tape,
      streams.map((kind) => preprocess(tape, images, kind, settings)),
    );
  }

  /** As `forward`, from standardized streams: x [streams, T * N, 1, H, W]. */
  forwardFrom(tape: Tape, x: Value, samples: number, options: ForwardOptions): Output {
    return this.pass(new Pass(tape, { ...options, samples }), x);
  }

  /** The module itself, with a pass that its loss may want as well. */
  pass(pass: Pass, x: Value): Output {
    const given = x.shape[0] === 1 ? reshapeLater(pass.tape, x, x.shape.slice(1)) : x;
    const result = this.root.forward(pass, given);
    const output = 'logits' in result ? result : { logits: result };
    const wanted = [pass.samples, this.config.classes.length];
    if (output.logits.shape.join() !== wanted.join()) {
      throw new FacegradError(
        'bad-input',
        `the module returned [${output.logits.shape}]; expected logits [${wanted}]`,
        { wanted, available: output.logits.shape },
      );
    }
    return { logits: output.logits.settle(), embedding: output.embedding?.settle() };
  }

  /** Every tensor of a weights file: parameters and running statistics, in PyTorch's names. */
  async export(storage: Storage): Promise<NamedTensor[]> {
    const { parameters, statistics, frozen } = this.arenas;
    const parts = [frozen, parameters, statistics].map((arena) => arena.export(storage));
    return (await Promise.all(parts)).flat();
  }

  /**
   * Takes the tensors that have a place here, by name and shape; the others of the network stay as they are.
   * @returns the names of those others
   * @throws FacegradError `bad-input` where not one fits
   */
  async importFitting(
    storage: Storage,
    tensors: ReadonlyMap<string, NamedTensor>,
  ): Promise<string[]> {
    const whole = await this.export(storage);
    const fits = ({ name, shape }: NamedTensor) => tensors.get(name)?.shape.join() === shape.join();
    const left = whole.filter((tensor) => !fits(tensor)).map(({ name }) => name);
    if (left.length === whole.length) {
      throw new FacegradError('bad-input', 'none of the weights fits this network', {
        wanted: left,
        available: [...tensors.keys()],
      });
    }
    this.import(storage, new Map(whole.map((t) => [t.name, fits(t) ? tensors.get(t.name)! : t])));
    return left;
  }

  /** @throws FacegradError `bad-input` when a tensor is missing or of another shape; nothing is written then */
  import(storage: Storage, tensors: ReadonlyMap<string, NamedTensor>): void {
    const packed = Object.values(this.arenas).map(
      (arena) => [arena.flat, arena.pack(tensors)] as const,
    );
    for (const [flat, data] of packed) storage.write(flat, data);
  }
}

/** How a network is about to run. */
export interface Use {
  samples: number;
  /** With its gradients. */
  training?: boolean;
  /** With weights that stay as they are: no training, and none between two runs. */
  fixed?: boolean;
  tuning?: Tuning;
}

/** Records what a network would run, so that its kernels can be looked at. */
export function recordNetwork(
  network: Network,
  capabilities: Capabilities,
  { samples, training = false, fixed = false, tuning }: Use,
): Tape {
  const { size, frames } = network.config;
  const tape = new Tape(capabilities, tuning, fixed ? network.weights : []);
  const images = state('images', f32([samples * network.framesPerSample, size, size]));
  const { logits } = network.forward(tape, images, samples, {
    training,
    step: state('step', u32([64])),
    lengths: frames.mode === 'sequence' ? state('lengths', u32([samples])) : undefined,
  });
  if (training) {
    tape.seed(logits, state('dlogits', f32(logits.shape)));
    tape.backward();
  }
  return tape;
}

/** What a training runs: a step, and an evaluation. */
export const recordTraining = (network: Network, capabilities: Capabilities, use: Use): Tape[] =>
  [true, false].map((training) => recordNetwork(network, capabilities, { ...use, training }));
