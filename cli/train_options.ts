import { readFileSync } from 'node:fs';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { ImageSet, SequenceSet } from '../src/data/dataset';
import { FacegradError } from '../src/gpu/errors';
import { DIRECT, PLAIN } from '../src/kernels/tuning';
import { type FramesConfig, type NetworkConfig } from '../src/nn/network';
import { PRESETS, type ModelConfig } from '../src/nn/systems/cnn_lstm';
import {
  trainConfig,
  type OptimizerConfig,
  type TrainChanges,
  type TrainConfig,
} from '../src/train/config';
import { configFor } from '../src/train/transfer';
import { usual, type Usual } from '../src/train/usual';
import { namedConfig } from '../src/nn/systems';
import { integer, list, number } from './command';
import { modelOption } from './model';
import type { ChosenModel } from '../tools/own_model';
import { dataPath, SYNTHETIC, type DataSource, type DataSpec } from './source';

/** The options that decide a training, as commander gives them. */
export interface TrainOptions {
  data: string;
  classes?: '6' | '7';
  fold: number;
  validation?: DataSpec['validation'];
  init?: string;
  freeze?: boolean;
  keep?: TrainConfig['keep'];
  preset?: string;
  model?: string;
  /** A file, or what it says. */
  config?: string | ConfigFile;
  streams?: string[];
  fusion?: ModelConfig['fusion'];
  frames?: FramesConfig | 'last';
  dropout?: number;
  epochs?: number;
  batch?: number;
  rate?: number;
  weightDecay?: number;
  optimizer?: OptimizerConfig['name'];
  gamma?: number;
  alpha?: 'none' | 'sqrt' | 'inverse' | 'effective';
  smoothing?: number;
  mixup?: number;
  sampling?: TrainConfig['sampling'];
  seed?: number;
  patience?: number;
  kernels?: 'fast' | 'direct' | 'plain';
  logEvery?: number;
  checkpointEvery?: number;
}

/** Adds the options of a training to a command. */
export function addTrainOptions(program: Command): Command {
  return program
    .option(
      '--data <path>',
      `fer2013.csv, IDX files, a folder or .zip of pictures by class, or ${SYNTHETIC.join(', ')}`,
      'synthetic',
    )
    .addOption(
      new Option('--classes <n>', '6 leaves out neutral, as in the paper').choices(['6', '7']),
    )
    .option(
      '--fold <n>',
      'which fifth to hold out, 0 to 4: of the subjects, or of the pictures by class',
      integer(0),
      0,
    )
    .addOption(
      new Option(
        '--validation <what>',
        'measure on the split publictest, or hold out a tenth of Training: for every choice',
      )
        .choices(['publictest', 'held'])
        .default('publictest'),
    )
    .option(
      '--init <file>',
      'weights to start from, and their network unless another is named; other classes get a new last layer',
    )
    .option('--freeze', 'train only the last layer (requires_grad = False for the others)')
    .addOption(
      new Option(
        '--keep <weights>',
        'of the epoch that is best in validation, the last, or the moving average at its end',
      ).choices(['best', 'last', 'ema']),
    )
    .addOption(
      new Option('--preset <name>', 'the network (default: tiny for drawings, else small)').choices(
        Object.keys(PRESETS),
      ),
    )
    .addOption(modelOption(true).conflicts('preset'))
    .option(
      '--config <file>',
      'JSON with a preset and any settings; options given here take precedence',
    )
    .option(
      '--streams <list>',
      'one or two of equalized, edges, raw',
      list(['equalized', 'edges', 'raw']),
    )
    .addOption(
      new Option('--fusion <kind>', 'how the streams are combined').choices(['lstm', 'concat']),
    )
    .option(
      '--frames <mode>',
      'LSTM steps: still, views:<2 to 4>, streams, sequence; last uses only last frames',
      parseFrames,
    )
    .option('--dropout <share>', 'dropout rate of the features', number(0))
    .option('--epochs <n>', 'passes through the data', integer(1))
    .option('--batch <n>', 'images per step', integer(2))
    .option('--rate <x>', 'peak learning rate', number(0))
    .option('--weight-decay <x>', 'of the optimizer', number(0))
    .addOption(new Option('--optimizer <name>', 'which').choices(['adam', 'adamw', 'sgd']))
    .option('--gamma <x>', 'focal loss; 0 is cross-entropy', number(0))
    .addOption(
      new Option('--alpha <rule>', 'focal loss: class weights from class frequency').choices([
        'none',
        'sqrt',
        'inverse',
        'effective',
      ]),
    )
    .option('--smoothing <x>', 'label smoothing', number(0))
    .option('--mixup <x>', 'blend every sample with another, in shares from Beta(x, x)', number(0))
    .addOption(
      new Option(
        '--sampling <kind>',
        'every image once per epoch, or all classes equally often',
      ).choices(['natural', 'balanced']),
    )
    .option('--seed <n>', 'seed of everything random', integer(0))
    .option('--patience <n>', 'stop after this many epochs without improvement', integer(0))
    .addOption(
      new Option(
        '--kernels <choice>',
        'direct: convolutions without Winograd; plain: the readable kernels, many times slower',
      ).choices(['fast', 'direct', 'plain']),
    )
    .option('--log-every <n>', 'steps between log lines', integer(1))
    .option('--checkpoint-every <n>', 'steps between checkpoints within an epoch', integer(0));
}

function parseFrames(text: string): FramesConfig | 'last' {
  if (text === 'last') return text;
  const [, mode, count] = /^(still|views|streams|sequence)(?::(\d+))?$/.exec(text) ?? [];
  if (!mode || (mode === 'views') !== (count !== undefined)) {
    throw new InvalidArgumentError(
      'Expected still, views:2 to views:4, streams, sequence or last.',
    );
  }
  return {
    mode: mode as FramesConfig['mode'],
    count: Number(count ?? (mode === 'streams' ? 2 : 1)),
  };
}

export function dataSpec(options: TrainOptions): DataSpec {
  return {
    data: dataPath(options.data),
    without: options.classes === '6' ? ['neutral'] : [],
    lastFrame: options.frames === 'last',
    fold: options.fold,
    validation: options.validation,
  };
}

/**
 * The configuration: what is usual for the data, then the config file, then the options.
 * @param init of the weights to start from: the network, where no other is named
 */
export function resolveConfig(
  options: TrainOptions,
  kind: DataSource['kind'],
  training: ImageSet | SequenceSet,
  { chosen, systems }: ChosenModel,
  init?: NetworkConfig,
): TrainConfig {
  const { preset: usualPreset, ...changes } = usual(kind);
  const { preset: filePreset, ...file } = options.config ? readConfig(options.config) : {};
  const sequences = 'sequences' in training;
  let frames: FramesConfig | undefined = options.frames === 'last' ? undefined : options.frames;
  frames ??= file.model?.frames ?? (sequences ? { mode: 'sequence', count: 1 } : undefined);
  if (frames?.mode === 'sequence') {
    if (!sequences) {
      throw new FacegradError(
        'bad-input',
        `${training.name} has no sequences for --frames sequence`,
      );
    }
    if (frames.count === 1) frames = { mode: 'sequence', count: training.length };
  } else if (sequences) {
    throw new FacegradError(
      'bad-input',
      `${training.name} holds sequences: use --frames sequence, or --frames last for their last frames`,
    );
  }
  const given = <T extends object>(settings: T) =>
    Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const { streams, fusion, dropout, epochs, batch, seed, sampling, patience, keep } = options;
  const named = chosen?.name ?? options.preset ?? filePreset;
  const model = {
    ...(chosen || (init && !named) ? {} : changes.model),
    ...file.model,
    ...given({ streams, fusion, dropout, frames }),
    classes: [...training.classes],
  };
  const network =
    init && !named
      ? { ...configFor(init, training), ...model }
      : namedConfig(named ?? usualPreset, model, systems);
  return trainConfig(network, {
    ...omitModel(changes),
    ...omitModel(file),
    ...given({ epochs, batch, seed, sampling, patience, keep, mixup: options.mixup }),
    ...(options.freeze && { requiresGrad: 'last' }),
    ...given({ logEvery: options.logEvery, checkpointEvery: options.checkpointEvery }),
    optimizer: {
      ...changes.optimizer,
      ...file.optimizer,
      ...given({
        name: options.optimizer,
        learningRate: options.rate,
        weightDecay: options.weightDecay,
      }),
    } as OptimizerConfig,
    loss: {
      ...changes.loss,
      ...file.loss,
      ...given({ gamma: options.gamma, alpha: options.alpha, smoothing: options.smoothing }),
    } as TrainConfig['loss'],
    ...(options.kernels === 'direct' && { tuning: DIRECT }),
    ...(options.kernels === 'plain' && { tuning: PLAIN }),
  });
}

const omitModel = ({ model: _, ...rest }: Usual | ConfigFile): TrainChanges => rest;

/** What a file of `--config` may say. */
export type ConfigFile = Partial<Omit<Usual, 'preset'>> & { preset?: string };

function readConfig(given: string | ConfigFile): ConfigFile {
  const path = typeof given === 'string' ? given : 'settings';
  const settings = [
    'preset',
    'tuning',
    'sizes',
    'requiresGrad',
    ...Object.keys(trainConfig('tiny')),
  ];
  let config: object = given as ConfigFile;
  try {
    if (typeof given === 'string') config = JSON.parse(readFileSync(path, 'utf8')) as object;
  } catch (cause) {
    throw new FacegradError('bad-input', `${path}: ${(cause as Error).message}`, { cause });
  }
  for (const key of Object.keys(config)) {
    if (!settings.includes(key)) {
      throw new FacegradError('bad-input', `${path}: unknown setting ${key}`, {
        available: settings,
      });
    }
  }
  return config;
}
