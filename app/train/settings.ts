/** What a person can set, as one flat record: shown from a table, shared in the URL, made a configuration. */
import type { FramesConfig } from '../../src/nn/network';
import { namedConfig } from '../../src/nn/systems';
import { cnnLstm, PRESETS, type ModelConfig, type Preset } from '../../src/nn/systems/cnn_lstm';
import { trainConfig, type TrainChanges, type TrainConfig } from '../../src/train/config';
import { usual, type DataKind } from '../../src/train/usual';
import { AUGMENTATION } from '../../src/vision/augmentation';
import type { StreamKind } from '../../src/vision/preprocess';
import { systems } from '../shared/systems';

export type Settings = Record<string, string | number>;

const capital = (text: string) => `${text[0].toUpperCase()}${text.slice(1)}.`;

/** What can be trained, by the value of `preset`: the paper's network in three sizes, and other systems. */
export const NETWORKS: Record<string, string> = {
  tiny: 'Learns the drawn faces in a minute or two, even without a graphics card.',
  small: 'For real photographs on a laptop GPU: FER2013 in a few minutes to an hour.',
  paper: 'The paper’s network, at 96×96: for a large graphics card and some patience.',
  ...Object.fromEntries(
    systems.filter((system) => system !== cnnLstm).map(({ name, about }) => [name, capital(about)]),
  ),
};

/** Whether the settings of the group `Network` apply: those of the paper's network. */
export const isPreset = (name: unknown): name is Preset => Object.hasOwn(PRESETS, name as string);

interface Setting {
  key: string;
  label: string;
  help: string;
  group: 'Start' | 'Network' | 'Training' | 'Loss' | 'Augmentation' | 'This page';
  /** A choice, else a number from `min` to `max`. */
  options?: Record<string, string>;
  min?: number;
  max?: number;
  step?: number;
  /** The default for a kind of data. */
  usual(config: TrainConfig<ModelConfig>): string | number;
}

const MOST_BATCH = 256;

/** Every setting with what it does. The preset and the data stand before these. */
export const SETTINGS: Setting[] = [
  {
    key: 'streams',
    label: 'Streams',
    help: 'What the network sees: the picture with its histogram equalized, with its edges enhanced, both (one stream each), or as it is.',
    group: 'Network',
    options: {
      'equalized,edges': 'equalized and edges',
      equalized: 'equalized only',
      edges: 'edges only',
      raw: 'as it is',
    },
    usual: ({ model }) => model.streams.join(),
  },
  {
    key: 'fusion',
    label: 'Fusion',
    help: 'How the features of the streams are combined: by an LSTM, as in the paper, or a dense layer.',
    group: 'Network',
    options: { lstm: 'LSTM', concat: 'dense layer' },
    usual: ({ model }) => model.fusion,
  },
  {
    key: 'frames',
    label: 'Steps of the LSTM',
    help: 'One step for a picture, two to four differently jittered views of it, or one step per stream.',
    group: 'Network',
    options: { still: 'one', 'views:2': '2 views', 'views:4': '4 views', streams: 'the streams' },
    usual: ({ model: { frames } }) =>
      frames.mode === 'views' ? `views:${frames.count}` : frames.mode,
  },
  {
    key: 'dropout',
    label: 'Dropout',
    help: 'Share of the features dropped at random in each step, so that the network does not rely on any single one.',
    group: 'Network',
    min: 0,
    max: 0.9,
    step: 0.05,
    usual: ({ model }) => model.dropout,
  },
  {
    key: 'epochs',
    label: 'Epochs',
    help: 'How often every picture is seen.',
    group: 'Training',
    min: 1,
    max: 500,
    step: 1,
    usual: ({ epochs }) => epochs,
  },
  {
    key: 'batch',
    label: 'Batch',
    help: 'Pictures per step. A larger batch is smoother, faster on a large GPU, and takes more memory.',
    group: 'Training',
    min: 2,
    max: MOST_BATCH,
    step: 1,
    usual: ({ batch }) => batch,
  },
  {
    key: 'requiresGrad',
    label: 'Layers that learn',
    help: 'Frozen layers (requires_grad = False in PyTorch) keep what the weights know, and a step takes half the time or less.',
    group: 'Start',
    options: { last: 'the last one; the others are frozen', all: 'all' },
    usual: ({ requiresGrad = 'all' }) => requiresGrad,
  },
  {
    key: 'optimizer',
    label: 'Optimizer',
    help: 'The rule that turns gradients into changes of the weights.',
    group: 'Training',
    options: { adamw: 'AdamW', adam: 'Adam', sgd: 'SGD' },
    usual: ({ optimizer }) => optimizer.name,
  },
  {
    key: 'rate',
    label: 'Learning rate',
    help: 'How far each step goes, at the peak of the schedule.',
    group: 'Training',
    min: 0.00001,
    max: 1,
    step: 0.0001,
    usual: ({ optimizer }) => optimizer.learningRate,
  },
  {
    key: 'decay',
    label: 'Weight decay',
    help: 'Pulls the weights towards zero, against overfitting.',
    group: 'Training',
    min: 0,
    max: 1,
    step: 0.0001,
    usual: ({ optimizer }) => optimizer.weightDecay,
  },
  {
    key: 'schedule',
    label: 'Schedule',
    help: 'How the learning rate changes over the run: up and down once, down along a cosine, or constant.',
    group: 'Training',
    options: { 'one-cycle': 'one cycle', cosine: 'cosine', constant: 'constant' },
    usual: ({ schedule }) => schedule.kind,
  },
  {
    key: 'sampling',
    label: 'Sampling',
    help: 'Every picture once per epoch, or every class equally often.',
    group: 'Training',
    options: { natural: 'every picture once', balanced: 'classes equally often' },
    usual: ({ sampling }) => sampling,
  },
  {
    key: 'patience',
    label: 'Patience',
    help: 'Stop after this many epochs without a better validation accuracy; 0 runs to the end.',
    group: 'Training',
    min: 0,
    max: 100,
    step: 1,
    usual: ({ patience }) => patience,
  },
  {
    key: 'seed',
    label: 'Seed',
    help: 'Seeds everything random: the same seed on the same GPU gives the same weights.',
    group: 'Training',
    min: 0,
    max: 0xffffffff,
    step: 1,
    usual: ({ seed }) => seed,
  },
  {
    key: 'gamma',
    label: 'Focus (gamma)',
    help: 'Focal loss: the higher, the less easy pictures count. 0 is cross-entropy.',
    group: 'Loss',
    min: 0,
    max: 5,
    step: 0.5,
    usual: ({ loss }) => loss.gamma,
  },
  {
    key: 'alpha',
    label: 'Class weights (alpha)',
    help: 'Makes rare classes count for more.',
    group: 'Loss',
    options: {
      none: 'all equal',
      sqrt: 'inverse root of frequency',
      inverse: 'inverse frequency',
      effective: 'effective number',
    },
    usual: ({ loss }) => String(loss.alpha),
  },
  {
    key: 'smoothing',
    label: 'Label smoothing',
    help: 'Aims a little below 1 for the right class, since labels can be wrong.',
    group: 'Loss',
    min: 0,
    max: 0.5,
    step: 0.05,
    usual: ({ loss }) => loss.smoothing,
  },
  {
    key: 'mirror',
    label: 'Mirror',
    help: 'Share of the pictures that are flipped left to right.',
    group: 'Augmentation',
    min: 0,
    max: 1,
    step: 0.1,
    usual: ({ augmentation }) => augmentation.mirror ?? AUGMENTATION.mirror,
  },
  {
    key: 'shift',
    label: 'Shift',
    help: 'How far a picture is shifted at most, as a fraction of its side.',
    group: 'Augmentation',
    min: 0,
    max: 0.5,
    step: 0.01,
    usual: ({ augmentation }) => augmentation.shift ?? AUGMENTATION.shift,
  },
  {
    key: 'rotation',
    label: 'Rotation',
    help: 'How far a picture is rotated at most, in degrees.',
    group: 'Augmentation',
    min: 0,
    max: 45,
    step: 1,
    usual: ({ augmentation }) => augmentation.rotation ?? AUGMENTATION.rotation,
  },
  {
    key: 'zoom',
    label: 'Zoom',
    help: 'How much a picture is enlarged or shrunk at most.',
    group: 'Augmentation',
    min: 0,
    max: 0.5,
    step: 0.05,
    usual: ({ augmentation }) =>
      Math.round(((augmentation.scale ?? AUGMENTATION.scale)[1] - 1) * 100) / 100,
  },
  {
    key: 'keep',
    label: 'Checkpoint every … seconds',
    help: 'The most that can be lost when the tab is closed, reloaded or crashes.',
    group: 'This page',
    min: 1,
    max: 600,
    step: 1,
    usual: () => 10,
  },
  {
    key: 'submit',
    label: 'Longest GPU turn, milliseconds',
    help: 'Steps go to the GPU in pieces of about this length, so that the rest of the screen stays responsive. 0 sends whole steps.',
    group: 'This page',
    min: 0,
    max: 1000,
    step: 5,
    usual: () => 30,
  },
];

/** Drawn faces to train on; a fourth as many of other persons are held out. */
export const FACES = { key: 'faces', default: 2240, min: 70, max: 28_000 };

/** The settings that suit a kind of data, with another network in place of the usual one. */
export function defaultSettings(kind: DataKind, network?: string): Settings {
  const { preset: usualPreset, ...changes } = usual(kind);
  const chosen = network ?? usualPreset;
  const config = trainConfig(isPreset(chosen) ? chosen : usualPreset, changes);
  const settings: Settings = { preset: chosen, [FACES.key]: FACES.default };
  for (const { key, usual } of SETTINGS) settings[key] = usual(config);
  return settings;
}

/** The configuration of a run. @throws FacegradError `bad-input` naming the setting */
export function toConfig(
  settings: Settings,
  classes: readonly string[],
  sequenceLength = 0,
): TrainConfig {
  const text = (key: string) => String(settings[key]);
  const number = (key: string) => Number(settings[key]);
  const training: TrainChanges = {
    epochs: number('epochs'),
    batch: number('batch'),
    seed: number('seed'),
    optimizer: {
      name: text('optimizer') as TrainConfig['optimizer']['name'],
      learningRate: number('rate'),
      weightDecay: number('decay'),
      ...(text('optimizer') === 'sgd' && { momentum: 0.9, nesterov: true }),
    },
    schedule:
      text('schedule') === 'constant'
        ? { kind: 'constant' }
        : { kind: text('schedule') as 'cosine' | 'one-cycle', warmup: 0.2 },
    loss: {
      gamma: number('gamma'),
      alpha: text('alpha') as 'none',
      smoothing: number('smoothing'),
    },
    sampling: text('sampling') as TrainConfig['sampling'],
    augmentation: {
      mirror: number('mirror'),
      shift: number('shift'),
      rotation: number('rotation'),
      scale: [1 - number('zoom'), 1 + number('zoom')],
    },
    requiresGrad: text('requiresGrad') as TrainConfig['requiresGrad'],
    patience: number('patience'),
    logEvery: 1, // the worker looks by the clock
    maxSubmitMs: number('submit'),
  };
  const chosen = text('preset');
  if (!isPreset(chosen)) {
    const sequence = { mode: 'sequence' as const, count: sequenceLength };
    const changes = { classes, ...(sequenceLength > 0 && { frames: sequence }) };
    return trainConfig(namedConfig(chosen, changes, systems), training);
  }
  return trainConfig(chosen, {
    ...training,
    model: {
      classes,
      streams: text('streams').split(',') as StreamKind[],
      fusion: text('fusion') as 'lstm' | 'concat',
      frames: frames(text('frames'), sequenceLength),
      dropout: number('dropout'),
    },
  });
}

function frames(text: string, sequenceLength: number): FramesConfig {
  if (sequenceLength > 0) return { mode: 'sequence', count: sequenceLength };
  const [mode, count] = text.split(':');
  const usualCount = mode === 'streams' ? 2 : 1;
  return { mode: mode as FramesConfig['mode'], count: Number(count ?? usualCount) };
}

/** What is wrong with a number, or undefined. */
export function problemOf({ min, max }: { min?: number; max?: number }, value: string | number) {
  const number = Number(value);
  if (value === '' || !Number.isFinite(number)) return 'Enter a number.';
  if (min !== undefined && number < min) return `At least ${min}.`;
  if (max !== undefined && number > max) return `At most ${max}.`;
  return undefined;
}

/** `#epochs=2&batch=16`: what was chosen, so that a link shares it. */
export function toHash(settings: Settings, chosen: readonly string[]): string {
  const known = ['preset', FACES.key, ...SETTINGS.map(({ key }) => key)];
  const shared = known.filter((key) => chosen.includes(key));
  return new URLSearchParams(shared.map((key) => [key, String(settings[key])])).toString();
}

/** What a link chooses. What is unknown or out of range is not chosen, and is named in `refused`. */
export function fromHash(hash: string): { chosen: Settings; refused: string[] } {
  const chosen: Settings = {};
  const refused: string[] = [];
  for (const [key, value] of new URLSearchParams(hash.replace(/^#/, ''))) {
    const setting = key === FACES.key ? FACES : SETTINGS.find((one) => one.key === key);
    const options = key === 'preset' ? NETWORKS : (setting as Partial<Setting>)?.options;
    if (options ? !Object.hasOwn(options, value) : !setting || problemOf(setting, value)) {
      refused.push(key);
    } else {
      chosen[key] = options ? value : Number(value);
    }
  }
  return { chosen, refused };
}
