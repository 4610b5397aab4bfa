import { FacegradError } from '../gpu/errors';
import type { Tuning } from '../kernels/tuning';
import { checkNetworkConfig, type NetworkConfig } from '../nn/network';
import { SYSTEMS } from '../nn/systems';
import { modelConfig, type ModelConfig, type Preset } from '../nn/systems/cnn_lstm';
import type { AugmentationConfig } from '../vision/augmentation';
import type { ScheduleConfig } from './schedule';

export interface OptimizerConfig {
  name: 'adam' | 'adamw' | 'sgd' | 'adagrad';
  /** Peak rate; the schedule multiplies it. */
  learningRate: number;
  weightDecay: number;
  /** Adam's decay rates of the first and second moment. */
  betas?: [number, number];
  eps?: number;
  /** SGD. */
  momentum?: number;
  dampening?: number;
  nesterov?: boolean;
  /** Adagrad: the rate of step t is divided by 1 + (t - 1) * rateDecay. */
  rateDecay?: number;
  /** Largest norm of the whole gradient; 0 leaves it as it is. */
  clipNorm?: number;
}

/** alpha per class: `sqrt` and `inverse` of the class frequency, or the effective number of samples. */
export type AlphaRule = 'none' | 'sqrt' | 'inverse' | 'effective' | number[];

export interface LossConfig {
  /** Focusing exponent; 0 is cross-entropy. */
  gamma: number;
  alpha: AlphaRule;
  /** Label smoothing. */
  smoothing: number;
  /** Samples whose class has a probability below it may be mislabelled, and count as with gamma 0. */
  threshold?: number;
}

/** Everything that decides a run: the same configuration, data and adapter give the same bits. */
export interface TrainConfig<C extends NetworkConfig = NetworkConfig> {
  model: C;
  epochs: number;
  batch: number;
  seed: number;
  optimizer: OptimizerConfig;
  schedule: ScheduleConfig;
  loss: LossConfig;
  /** `balanced` draws every class equally often, `natural` every image once an epoch. */
  sampling: 'natural' | 'balanced';
  augmentation: Partial<AugmentationConfig>;
  /** alpha of mixup's Beta(alpha, alpha), up to 1; without it or with 0 no sample is blended with another. */
  mixup?: number;
  /** `last` freezes every layer but the last, as `requires_grad = False` does; `all` where it is left out. */
  requiresGrad?: 'all' | 'last';
  /** Sides of the pictures and the share of all steps from which on they are so large; `model.size` where it is left out. */
  sizes?: [from: number, size: number][];
  /** Whose weights are kept: the epoch that is best in validation, the last, or the moving average at its end. */
  keep: 'best' | 'last' | 'ema';
  /** How much of the moving average stays at every step, with `keep: 'ema'`. */
  averageDecay: number;
  /** Stop after so many epochs without a better validation accuracy; 0 never stops. */
  patience: number;
  /** Steps between two looks at loss and accuracy. */
  logEvery: number;
  /** Steps between two checkpoints inside an epoch; 0: at the ends of epochs only. */
  checkpointEvery: number;
  /** Longest submit in milliseconds, for pages and watchdogs; 0 never splits a step. */
  maxSubmitMs: number;
  /** Which kernels run where, as `npm run tune` found it; the usual choices where it is left out. */
  tuning?: Tuning;
}

const defaults: Omit<TrainConfig, 'model'> = {
  epochs: 20,
  batch: 64,
  seed: 1,
  optimizer: { name: 'adamw', learningRate: 3e-3, weightDecay: 1e-4 },
  schedule: { kind: 'one-cycle', warmup: 0.2 },
  loss: { gamma: 2, alpha: 'sqrt', smoothing: 0 },
  sampling: 'natural',
  augmentation: {},
  keep: 'best',
  averageDecay: 0.998,
  patience: 0,
  logEvery: 25,
  checkpointEvery: 0,
  maxSubmitMs: 0,
};

/** What a configuration says differently from the defaults; `model`: from the network's own. */
export type TrainChanges = Partial<Omit<TrainConfig, 'model'>> & { model?: Partial<ModelConfig> };

/**
 * The defaults of a training, with changes.
 * @param model a preset of the paper's network, or a network's configuration: `network.config`, `systemConfig(…)`
 * @throws FacegradError `bad-input` naming the setting
 */
export function trainConfig<M extends Preset | NetworkConfig>(
  model: M,
  changes: TrainChanges = {},
): TrainConfig<M extends NetworkConfig ? M : ModelConfig> {
  type C = M extends NetworkConfig ? M : ModelConfig;
  const network =
    typeof model === 'string'
      ? modelConfig(model, changes.model)
      : { ...(model as NetworkConfig), ...changes.model };
  const config: TrainConfig<C> = {
    ...defaults,
    ...changes,
    optimizer: { ...defaults.optimizer, ...changes.optimizer },
    loss: { ...defaults.loss, ...changes.loss },
    model: network as NetworkConfig as C,
  };
  checkTrainConfig(config);
  return config;
}

/** @throws FacegradError `bad-input` for the first setting that cannot be */
export function checkTrainConfig(config: TrainConfig): void {
  const refuse = (what: string, wanted: unknown): never => {
    throw new FacegradError('bad-input', `training configuration: ${what}`, { wanted });
  };
  const { model, epochs, batch, seed, optimizer, loss } = config;
  checkNetworkConfig(model);
  // Of a network of one's own nothing more is known before it is built.
  SYSTEMS.find(({ name }) => name === model.name)?.check?.(model);
  if (!Number.isInteger(epochs) || epochs < 1) refuse('epochs must be 1 or more', epochs);
  if (!Number.isInteger(batch) || batch < 2) refuse('batch must be 2 or more', batch);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
    refuse('seed must be an unsigned 32-bit integer', seed);
  if (!(optimizer.learningRate > 0))
    refuse('learningRate must be positive', optimizer.learningRate);
  if (!(optimizer.weightDecay >= 0)) refuse('weightDecay must be 0 or more', optimizer.weightDecay);
  if (!(loss.gamma >= 0)) refuse('gamma must be 0 or more', loss.gamma);
  if (!(loss.smoothing >= 0 && loss.smoothing < 1))
    refuse('smoothing must be in [0, 1)', loss.smoothing);
  if (!((loss.threshold ?? 0) >= 0 && (loss.threshold ?? 0) <= 1))
    refuse('threshold must be in [0, 1]', loss.threshold);
  if (!((config.mixup ?? 0) >= 0 && (config.mixup ?? 0) <= 1))
    refuse('mixup must be in [0, 1]', config.mixup);
  if (!['all', 'last'].includes(config.requiresGrad ?? 'all'))
    refuse('requiresGrad must be all or last', config.requiresGrad);
  if (!['best', 'last', 'ema'].includes(config.keep))
    refuse('keep must be best, last or ema', config.keep);
  if (!(config.averageDecay >= 0 && config.averageDecay < 1))
    refuse('averageDecay must be in [0, 1)', config.averageDecay);
  const { sizes = [[0, model.size]] } = config;
  const rising = sizes.every(([from], i) =>
    i === 0 ? from === 0 : from > sizes[i - 1][0] && from < 1,
  );
  if (sizes.length === 0 || !rising)
    refuse('sizes must begin at 0 and follow one another below 1', sizes);
  for (const [, size] of sizes) checkNetworkConfig({ ...model, size });
  const { conv5x5 = {}, kernels = 'plain' } = config.tuning ?? {};
  if (!['plain', 'direct'].includes(kernels)) refuse('tuning of kernels', kernels);
  for (const [layer, choice] of Object.entries(conv5x5)) {
    const { variant, parts = 1, workgroupSize = 64, tile = 4 } = choice;
    const sizes = [parts, workgroupSize].every((n) => Number.isInteger(n) && n >= 1 && n <= 256);
    const known = ['tiled', 'subgroup', 'winograd'].includes(variant) && [3, 4].includes(tile);
    if (!known || !sizes) refuse(`tuning of ${layer}`, choice);
  }
}

/** The side of the pictures at a step. @param step from 1 to `steps` */
export function sizeAt({ sizes, model }: TrainConfig, step: number, steps: number): number {
  return sizes?.findLast(([from]) => step - 1 >= Math.round(from * steps))?.[1] ?? model.size;
}

/** alpha per class, normalized to a mean of 1 over the training images. */
export function classWeights(rule: AlphaRule, counts: readonly number[]): number[] {
  if (Array.isArray(rule)) {
    if (rule.length !== counts.length) {
      throw new FacegradError('bad-input', `alpha needs ${counts.length} numbers`, {
        wanted: rule,
      });
    }
    return rule;
  }
  const beta = 0.999;
  const raw = counts.map((n) => {
    const count = Math.max(1, n);
    if (rule === 'sqrt') return 1 / Math.sqrt(count);
    if (rule === 'inverse') return 1 / count;
    if (rule === 'effective') return (1 - beta) / (1 - beta ** count);
    return 1;
  });
  const total = counts.reduce((a, b) => a + b, 0);
  const mean = raw.reduce((sum, weight, c) => sum + weight * counts[c], 0) / total;
  return raw.map((weight) => weight / mean);
}
