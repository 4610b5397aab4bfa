import { checkSet, classCounts, type ImageSet, type SequenceSet } from '../data/dataset';
import { fingerprint } from '../data/fingerprint';
import type { Gpu } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import { f32, u32 } from '../kernels/kernel';
import { accumulateMetrics } from '../kernels/metrics';
import { Model } from '../nn/model';
import type { Trainable } from '../nn/network';
import type { NamedTensor } from '../nn/parameters';
import { focalLoss } from '../tape/operations/focal_loss';
import { Plan } from '../tape/plan';
import { Storage, type TypedArray } from '../tape/storage';
import { Tape } from '../tape/tape';
import { state, type Value } from '../tape/value';
import { augment, AUGMENTATION } from '../vision/augmentation';
import { ImageBank, isSequences, itemLabels, Sampler, StepBuffer } from './batches';
import {
  readCheckpoint,
  restore,
  writeCheckpoint,
  type EpochRecord,
  type Progress,
} from './checkpoint';
import {
  checkTrainConfig,
  checkTraining,
  classWeights,
  type ConfigFor,
  type TrainConfig,
} from './config';
import { Evaluator } from './evaluator';
import { recordOptimizer } from './optimizer';
import type { Metrics } from './metrics';
import { rateFactor } from './schedule';
import { writeSafetensors, type WeightType } from './safetensors';
import type { Provenance } from './weights_file';

/** What a run tells: plain data that goes through `postMessage` and JSON alike. */
export type TrainEvent =
  | { type: 'compile'; ready: number; total: number }
  | {
      type: 'start';
      step: number;
      steps: number;
      stepsPerEpoch: number;
      parameters: number;
      dispatches: number;
      memory: { before: number; after: number; state: number };
      adapter: string;
    }
  | {
      type: 'step';
      step: number;
      epoch: number;
      loss: number;
      accuracy: number;
      learningRate: number;
      imagesPerSecond: number;
    }
  | ({ type: 'epoch'; best: boolean } & EpochRecord)
  /** A good moment to call `checkpoint()`. */
  | { type: 'checkpoint'; step: number }
  | {
      type: 'done';
      step: number;
      reason: 'finished' | 'stopped' | 'patience';
      validation?: Metrics;
    };

export interface TrainingData {
  training: ImageSet | SequenceSet;
  validation?: ImageSet | SequenceSet;
}

export interface CreateOptions {
  checkpoint?: Uint8Array;
  onProgress?: (ready: number, total: number) => void;
}

/** Steps whose results are not waited for: more only lengthens the queue. */
const IN_FLIGHT = 2;

/**
 * Trains one model on one GPU. `run` is a generator: the caller decides what to do with each event,
 * and may ask for a checkpoint or the weights between two of them.
 */
export class Trainer<M extends Trainable = Model> {
  readonly model: M;
  readonly storage: Storage;
  readonly plan: Plan;
  readonly steps: number;
  /** Steps between two looks at loss and accuracy; may be changed while it runs. */
  logEvery: number;
  #step = 0;
  #stopped = false;
  #epochs: EpochRecord[] = [];
  #best = { epoch: 0, accuracy: -1 };
  #bestTensors: NamedTensor[] = [];
  /** Totals at the last look, to report differences. */
  #seen = { loss: 0, steps: 0, correct: 0, samples: 0 };

  private constructor(
    readonly gpu: Gpu,
    readonly config: ConfigFor<M>,
    private readonly data: TrainingData,
    private readonly parts: {
      model: M;
      storage: Storage;
      plan: Plan;
      buffer: StepBuffer;
      sampler: Sampler;
      evaluator?: Evaluator;
      totals: Value;
      firstBadStep: Value;
      updated: Record<string, Value>;
    },
  ) {
    this.model = parts.model;
    this.storage = parts.storage;
    this.plan = parts.plan;
    this.steps = config.epochs * parts.sampler.stepsPerEpoch;
    this.logEvery = config.logEvery;
  }

  /**
   * Builds the model, records the step, compiles it, uploads the data.
   * @param options `checkpoint`: go on from there; its configuration must be `config`. `model`: a `Network`
   * of one's own, whose configuration is `config.model`
   */
  static create(
    gpu: Gpu,
    config: TrainConfig,
    data: TrainingData,
    options?: CreateOptions,
  ): Promise<Trainer>;
  static create<M extends Trainable>(
    gpu: Gpu,
    config: ConfigFor<M>,
    data: TrainingData,
    options: CreateOptions & { model: M },
  ): Promise<Trainer<M>>;
  static async create(
    gpu: Gpu,
    config: ConfigFor<Trainable>,
    data: TrainingData,
    options: CreateOptions & { model?: Trainable } = {},
  ): Promise<Trainer<Trainable>> {
    if (options.model) checkTraining(config);
    else checkTrainConfig(config as TrainConfig);
    const { training, validation } = data;
    for (const set of [training, validation]) {
      if (set) checkSet(set);
      if (set && set.classes.join() !== config.model.classes.join()) {
        throw new FacegradError('bad-input', `${set.name} has other classes than the model`, {
          wanted: config.model.classes,
          available: set.classes,
        });
      }
    }
    const counts = countLabels(training);
    if (counts.filter((count) => count > 0).length < 2) {
      const only = training.classes[counts.findIndex((count) => count > 0)];
      throw new FacegradError(
        'bad-input',
        `${training.name}: everything is ${only}; learning needs two classes or more`,
        { wanted: training.classes, available: only },
      );
    }
    const sampler = new Sampler(training, config.batch, config.seed, config.sampling);
    const storage = new Storage(gpu);
    let plan: Plan | undefined;
    let evaluator: Evaluator | undefined;
    try {
      const model: Trainable = options.model ?? new Model(config.model as TrainConfig['model']);
      const step = recordStep(gpu, model, config, training);
      plan = await Plan.compile(step.tape, storage, { onProgress: options.onProgress });
      step.bank.upload(storage);
      storage.write(step.alpha, Float32Array.from(classWeights(config.loss.alpha, counts)));
      model.initialize(storage, config.seed);
      evaluator = validation
        ? await Evaluator.create(model, storage, validation, { batch: config.batch })
        : undefined;
      const { buffer, totals, firstBadStep, updated } = step;
      const parts = {
        model,
        storage,
        plan,
        buffer,
        sampler,
        evaluator,
        totals,
        firstBadStep,
        updated,
      };
      const trainer = new Trainer<Trainable>(gpu, config, data, parts);
      if (options.checkpoint) trainer.#restore(options.checkpoint);
      return trainer;
    } catch (error) {
      plan?.dispose();
      evaluator?.dispose();
      storage.dispose();
      throw error;
    }
  }

  #restore(file: Uint8Array): void {
    const checkpoint = readCheckpoint(file);
    const { progress } = checkpoint;
    // More epochs may be asked for, and how often to look changes nothing.
    const decisive = (config: ConfigFor<Trainable>) =>
      JSON.stringify({
        ...config,
        epochs: 0,
        patience: 0,
        logEvery: 0,
        checkpointEvery: 0,
        maxSubmitMs: 0,
      });
    if (decisive(this.config) !== decisive(progress.config)) {
      throw new FacegradError('bad-input', 'the checkpoint is of another configuration', {
        wanted: this.config,
        available: progress.config,
      });
    }
    const { data } = progress;
    for (const split of ['training', 'validation'] as const) {
      if (!data || data[split] === this.#fingerprints()[split]) continue;
      throw new FacegradError('bad-input', `the checkpoint is of other ${split} data`, {
        wanted: data[split] ?? 'none',
        available: this.#fingerprints()[split] ?? 'none',
      });
    }
    restore(this.storage, this.parts.updated, checkpoint);
    this.#step = progress.step;
    this.#epochs = progress.epochs;
    this.#best = progress.best;
    this.#bestTensors = checkpoint.best;
    const totals = checkpoint.state.get('totals')!;
    this.#seen = { loss: totals[0], steps: totals[1], correct: totals[2], samples: totals[3] };
  }

  #knownFingerprints?: { training: string; validation?: string };

  #fingerprints() {
    const { training, validation } = this.data;
    this.#knownFingerprints ??= {
      training: fingerprint(training),
      validation: validation && fingerprint(validation),
    };
    return this.#knownFingerprints;
  }

  /** Asks `run` to end after the step it is at. */
  stop(): void {
    this.#stopped = true;
  }

  get step(): number {
    return this.#step;
  }

  get epochs(): readonly EpochRecord[] {
    return this.#epochs;
  }

  /** Runs to the end of the last epoch, or until stopped. */
  async *run(): AsyncGenerator<TrainEvent> {
    const { config, plan, storage } = this;
    const { buffer, sampler } = this.parts;
    const { stepsPerEpoch } = sampler;
    const { queue } = this.gpu.device;
    const inFlight: Promise<void>[] = [];
    const { vendor, architecture, description } = this.gpu.adapter;
    yield {
      type: 'start',
      step: this.#step,
      steps: this.steps,
      stepsPerEpoch,
      parameters: this.model.arenas.parameters.count,
      dispatches: plan.dispatchCount,
      memory: plan.memory,
      adapter: `${vendor} ${architecture} ${description}`.trim(),
    };
    let epochBegin = performance.now();
    let lookBegin = performance.now();
    let parts = 1;
    // A checkpoint between an epoch's last step and its evaluation.
    if (this.#epochs.length < Math.floor(this.#step / stepsPerEpoch)) {
      yield await this.#endEpoch(this.#epochs.length + 1, 0);
    }
    while (this.#step < this.steps && !this.#stopped) {
      const step = this.#step + 1;
      const factor = rateFactor(config.schedule, step, this.steps, stepsPerEpoch);
      const learningRate = config.optimizer.learningRate * factor;
      buffer.write(storage, this.data.training, sampler.items(step), {
        seed: config.seed,
        number: step,
        learningRate,
      });
      const submitted = performance.now();
      plan.run(parts);
      this.#step = step;
      const done = queue.onSubmittedWorkDone();
      done.catch(() => undefined); // nobody may come to wait for it once the device is lost
      inFlight.push(done);
      if (inFlight.length >= IN_FLIGHT) await inFlight.shift();
      if (config.maxSubmitMs > 0 && step % 8 === 0) {
        // A page must stay usable: measure a step now and then and split it accordingly.
        await queue.onSubmittedWorkDone();
        const ms = performance.now() - submitted;
        parts = Math.min(plan.dispatchCount, Math.max(1, Math.ceil(ms / config.maxSubmitMs)));
      }
      const endOfEpoch = step % stepsPerEpoch === 0;
      const epoch = Math.ceil(step / stepsPerEpoch);
      if (step % this.logEvery === 0 || endOfEpoch) {
        const look = await this.#look();
        const seconds = (performance.now() - lookBegin) / 1000;
        lookBegin = performance.now();
        yield {
          type: 'step',
          step,
          epoch,
          loss: look.loss / look.steps,
          accuracy: look.correct / look.samples,
          learningRate,
          imagesPerSecond: look.samples / seconds,
        };
      }
      if (endOfEpoch) {
        const seconds = (performance.now() - epochBegin) / 1000;
        yield await this.#endEpoch(epoch, seconds);
        yield { type: 'checkpoint', step };
        epochBegin = lookBegin = performance.now();
        if (config.patience > 0 && epoch - this.#best.epoch >= config.patience) {
          yield { type: 'done', step, reason: 'patience', validation: this.#last() };
          return;
        }
      } else if (config.checkpointEvery > 0 && step % config.checkpointEvery === 0) {
        yield { type: 'checkpoint', step };
      }
    }
    await queue.onSubmittedWorkDone();
    this.gpu.assertAlive();
    const finished = this.#step >= this.steps;
    yield {
      type: 'done',
      step: this.#step,
      reason: finished ? 'finished' : 'stopped',
      validation: this.#last(),
    };
  }

  #last(): Metrics | undefined {
    return this.#epochs.at(-1)?.validation;
  }

  /** Reads the totals and returns what came since the last look. */
  async #look() {
    const [totals] = await Promise.all([
      this.storage.read(this.parts.totals),
      this.#assertFinite(),
    ]);
    const now = { loss: totals[0], steps: totals[1], correct: totals[2], samples: totals[3] };
    const since = {
      loss: now.loss - this.#seen.loss,
      steps: now.steps - this.#seen.steps,
      correct: now.correct - this.#seen.correct,
      samples: now.samples - this.#seen.samples,
    };
    this.#seen = now;
    return since;
  }

  /** Throws if a step since the beginning had a loss or a gradient that is not finite. */
  async #assertFinite(): Promise<void> {
    const [bad] = await this.storage.read(this.parts.firstBadStep);
    if (bad > 0) throw await this.#notFinite(bad);
  }

  /**
   * Runs the bad step once more, dispatch by dispatch, to name what made the first number that is not
   * finite. From that step on the optimizer has changed nothing, so the parameters are those it had.
   */
  async #notFinite(bad: number): Promise<FacegradError> {
    const { storage, plan, config } = this;
    const { buffer, sampler, updated } = this.parts;
    const before: [Value, TypedArray][] = [];
    for (const value of Object.values(updated)) before.push([value, await storage.read(value)]);
    // Running statistics only take up what is not finite: what made it is elsewhere.
    const { flat } = this.model.arenas.statistics;
    storage.write(flat, new Float32Array(flat.shape[0]));
    const { totals } = this.parts;
    storage.write(totals, new Float32Array(totals.shape[0]));
    buffer.write(storage, this.data.training, sampler.items(bad), {
      seed: config.seed,
      number: bad,
      learningRate: 0,
    });
    const first = await plan.firstNotFinite();
    for (const [value, data] of before) storage.write(value, data);
    return new FacegradError(
      'not-finite',
      `training is not finite since step ${bad}` +
        (first ? `: first in ${first.output}, by ${first.dispatch}` : '') +
        '; the weights are those from before it',
      { operation: first?.kernel, available: first?.value },
    );
  }

  async #endEpoch(epoch: number, seconds: number): Promise<TrainEvent> {
    const { loss, steps, correct, samples } = this.#seen;
    this.#seen = { loss: 0, steps: 0, correct: 0, samples: 0 };
    this.storage.write(this.parts.totals, new Float32Array(this.parts.totals.shape[0]));
    const validation = await this.parts.evaluator?.evaluate();
    const record: EpochRecord = {
      epoch,
      loss: loss / steps,
      accuracy: correct / samples,
      seconds,
      validation,
    };
    this.#epochs.push(record);
    const score = validation?.accuracy ?? record.accuracy;
    const best = score > this.#best.accuracy;
    if (best) {
      this.#best = { epoch, accuracy: score };
      this.#bestTensors = await this.model.export(this.storage);
    }
    return { type: 'epoch', best, ...record };
  }

  /** The class probabilities behind the last validation, images x classes. */
  get validationProbabilities(): Float64Array | undefined {
    return this.parts.evaluator?.last;
  }

  /** The run as one file, from which `create` goes on bit for bit. Any event of `run` will do. */
  async checkpoint(): Promise<Uint8Array> {
    await this.#assertFinite();
    const { vendor, architecture, description } = this.gpu.adapter;
    const progress: Progress = {
      config: this.config as TrainConfig, // JSON, and read as what the run is resumed with
      step: this.#step,
      epochs: this.#epochs,
      best: this.#best,
      adapter: `${vendor} ${architecture} ${description}`.trim(),
      data: this.#fingerprints(),
    };
    return writeCheckpoint(this.storage, this.parts.updated, this.#bestTensors, progress);
  }

  /** The weights of the epoch that was best in validation (of now, before the first epoch ends). */
  async weights(provenance: Provenance = {}, type: WeightType = 'F32'): Promise<Uint8Array> {
    let tensors = this.#bestTensors;
    if (tensors.length === 0) {
      await this.#assertFinite();
      tensors = await this.model.export(this.storage);
    }
    const facts: Provenance = {
      data: this.data.training.name,
      seed: this.config.seed,
      epoch: this.#best.epoch,
      adapter: this.gpu.adapter.description,
      ...provenance,
    };
    return writeSafetensors(
      tensors,
      {
        format: 'facegrad',
        model: JSON.stringify(this.config.model),
        training: JSON.stringify(this.config),
        provenance: JSON.stringify(facts),
      },
      type,
    );
  }

  /** Frees the plan, the evaluator and all memory; the GPU itself stays the caller's. */
  dispose(): void {
    this.plan.dispose();
    this.parts.evaluator?.dispose();
    this.storage.dispose();
  }
}

function countLabels(data: ImageSet | SequenceSet): number[] {
  if (!isSequences(data)) return classCounts(data);
  return classCounts({ classes: data.classes, labels: Uint8Array.from(itemLabels(data)) });
}

/** Everything that one training step is: a tape, and the state that it reads and updates. */
export interface RecordedStep {
  tape: Tape;
  bank: ImageBank;
  buffer: StepBuffer;
  alpha: Value;
  totals: Value;
  /** u32 [1]: the first step whose loss was not finite, 0 if none. */
  firstBadStep: Value;
  logits: Value;
  loss: Value;
  /** State that a checkpoint must hold. */
  updated: Record<string, Value>;
}

/**
 * Records the whole training step: gather and augment, preprocess, two streams, LSTM, focal loss,
 * backward, optimizer, metrics.
 */
export function recordStep(
  gpu: Pick<Gpu, 'capabilities'>,
  model: Trainable,
  config: ConfigFor<Trainable>,
  data: ImageSet | SequenceSet,
): RecordedStep {
  const { batch, model: shape } = config;
  const { mode, count } = shape.frames;
  const sequence = mode === 'sequence';
  const classes = shape.classes.length;
  const bank = new ImageBank(data);
  const buffer = new StepBuffer(batch, sequence ? count : 1);
  const alpha = state('alpha', f32([classes]));
  const totals = state('totals', f32([4]));
  const confusion = state('confusion', u32([classes, classes]));
  const first_bad_step = state('first bad step', u32([1]));
  const tape = new Tape(gpu.capabilities, config.tuning);
  const images = augment(
    tape,
    { images: bank.images, indices: buffer.indices, step: buffer.step },
    { ...AUGMENTATION, ...config.augmentation },
    {
      source: { width: data.width, height: data.height },
      size: shape.size,
      views: mode === 'views' || sequence ? count : 1,
      sequence,
      random: true,
    },
  );
  const logits = model.forward(tape, images, batch, {
    training: true,
    step: buffer.step,
    lengths: sequence ? buffer.lengths : undefined,
  });
  const { loss } = focalLoss(
    tape,
    { logits, labels: buffer.labels, alpha },
    { gamma: config.loss.gamma, smoothing: config.loss.smoothing },
  );
  tape.backward();
  tape.dispatch(accumulateMetrics, {
    loss,
    logits,
    labels: buffer.labels,
    step: buffer.step,
    totals,
    confusion,
    first_bad_step,
  });
  const { parameters, statistics } = model.arenas;
  const moments = recordOptimizer(
    tape,
    model.arenas.parameters,
    config.optimizer,
    buffer.step,
    first_bad_step,
  );
  return {
    tape,
    bank,
    buffer,
    alpha,
    totals,
    firstBadStep: first_bad_step,
    logits,
    loss,
    updated: {
      parameters: parameters.flat,
      statistics: statistics.flat,
      totals,
      confusion,
      ...moments,
    },
  };
}
