import { FacegradError } from '../gpu/errors';
import { standardizeForward } from '../kernels/standardize';
import { reshape } from '../tape/operations/reshape';
import type { Storage } from '../tape/storage';
import type { Tape } from '../tape/tape';
import type { Value } from '../tape/value';
import type { ModelConfig } from './config';
import type { Arenas } from './layers';
import type { ForwardOptions } from './model';
import { Pass, type Module } from './pass';
import { ParameterArena, type NamedTensor } from './parameters';

/** What a trainer has to know of a model's configuration. */
export type NetworkConfig = Pick<ModelConfig, 'size' | 'classes' | 'frames'>;

/** What can be trained: the built-in `Model`, or a `Network` of one's own layers. */
export interface Trainable {
  readonly config: NetworkConfig;
  readonly arenas: Arenas;
  /** Images f32 [T * N, H, W], whole numbers 0 to 255 -> logits [N, classes]. */
  forward(tape: Tape, images: Value, samples: number, options: ForwardOptions): Value;
  initialize(storage: Storage, seed: number): void;
  export(storage: Storage): Promise<NamedTensor[]>;
  import(storage: Storage, tensors: ReadonlyMap<string, NamedTensor>): void;
}

/**
 * A module as a model: gives its parameters a place, and it pictures. The module gets x [T * N, 1, size, size],
 * every picture with mean 0 and deviation 1 (T = 1 but for sequences), and returns logits [N, classes].
 */
export class Network implements Trainable {
  readonly config: NetworkConfig & { kind: 'network' };
  readonly arenas: Arenas = {
    parameters: new ParameterArena('parameters', { gradients: true }),
    statistics: new ParameterArena('statistics', { gradients: false }),
  };

  constructor(
    readonly root: Module,
    { size, classes, frames }: Omit<NetworkConfig, 'frames'> & Partial<NetworkConfig>,
  ) {
    if (!Number.isInteger(size) || size < 1 || classes.length < 2) {
      throw new FacegradError('bad-input', 'a network needs a size in pixels and two classes', {
        available: { size, classes },
      });
    }
    this.config = {
      kind: 'network',
      size,
      classes: [...classes],
      frames: frames ?? { mode: 'still', count: 1 },
    };
    const { parameters, statistics } = this.arenas;
    for (const [name, parameter] of root.named()) {
      const { kind, shape, init, options } = parameter;
      const arena = kind === 'parameter' ? parameters : statistics;
      parameter.place(arena.add(name, shape, { init, ...options }), name);
    }
    if (parameters.count === 0) {
      throw new FacegradError(
        'bad-input',
        'the module has no parameters: are its layers properties?',
      );
    }
    parameters.finish();
    statistics.finish();
  }

  initialize(storage: Storage, seed: number): void {
    this.arenas.parameters.initialize(storage, seed);
    this.arenas.statistics.initialize(storage, seed);
  }

  forward(tape: Tape, images: Value, samples: number, options: ForwardOptions): Value {
    const [count, height, width] = images.shape;
    const { y } = tape.dispatch(
      standardizeForward,
      { a: images, b: images },
      { streams: 1, dense: true },
    );
    const { training, step, lengths } = options;
    const x = tape.apply(reshape, { x: y }, { shape: [count, 1, height, width] }).y;
    const logits = this.root.forward(new Pass(tape, training, step, samples, lengths), x);
    const wanted = [samples, this.config.classes.length];
    if (logits.shape.join() !== wanted.join()) {
      throw new FacegradError(
        'bad-input',
        `the module gives [${logits.shape}], wanted are logits [${wanted}]`,
        { wanted, available: logits.shape },
      );
    }
    return logits;
  }

  /** Every tensor of a weights file: parameters and running statistics, in PyTorch's names. */
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
