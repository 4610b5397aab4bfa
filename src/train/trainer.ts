import { checkSet, type ImageSet, type SequenceSet } from '../data/dataset';
import { fingerprint } from '../data/fingerprint';
import { adapterName, type Gpu } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import type { Network } from '../nn/network';
import type { NamedTensor } from '../nn/parameters';
import { createNetwork, type AnySystem } from '../nn/systems';
import { isComputed } from '../nn/systems/linear';
import type { Plan } from '../tape/plan';
import type { Storage, TypedArray } from '../tape/storage';
import type { Value } from '../tape/value';
import {
  bestEpoch,
  readCheckpoint,
  restore,
  sameRun,
  writeCheckpoint,
  type EpochRecord,
  type Progress,
} from './checkpoint';
import { checkTrainConfig, type TrainConfig } from './config';
import { Evaluator } from './evaluator';
import type { TrainEvent } from './events';
import type { Metrics } from './metrics';
import { rateFactor } from './schedule';
import type { WeightType } from './safetensors';
import { countLabels, TrainingStep } from './step';
import { weightsFile, type Provenance } from './weights_file';

export interface TrainingData {
  training: ImageSet | SequenceSet;
  validation?: ImageSet | SequenceSet;
}

export interface CreateOptions {
  /** To go on from; its configuration must be the run's. */
  checkpoint?: Uint8Array;
  /** Weights to begin with, by name; what they lack or have in another shape begins from the seed. */
  weights?: ReadonlyMap<string, NamedTensor>;
  /** A network of one's own; its configuration is that of the run. */
  model?: Network;
  /** Where networks are looked up by name; the built-in ones where it is left out. */
  systems?: readonly AnySystem[];
  onProgress?: (ready: number, total: number) => void;
}

/** @throws FacegradError `bad-input` for data that cannot be learned so */
function checkData({ model }: TrainConfig, { training, validation }: TrainingData): void {
  for (const set of [training, validation]) {
    if (set) checkSet(set);
    if (set && set.classes.join() !== model.classes.join()) {
      throw new FacegradError('bad-input', `${set.name} does not have the network's classes`, {
        wanted: model.classes,
        available: set.classes,
      });
    }
  }
  const counts = countLabels(training);
  if (counts.filter((count) => count > 0).length < 2) {
    const only = training.classes[counts.findIndex((count) => count > 0)];
    throw new FacegradError(
      'bad-input',
      `${training.name}: every picture is ${only}; training needs at least two classes`,
      { wanted: training.classes, available: only },
    );
  }
}

/** Steps whose results are not waited for: more only lengthens the queue. */
const IN_FLIGHT = 2;
/** The next step's submit is a look too: between steps there are few others. */
const IN_FLIGHT_LOOKS = 1 / 2;

/**
 * Trains one network on one GPU. `run` is a generator: the caller decides what to do with each event,
 * and may ask for a checkpoint or the weights between two of them.
 */
export class Trainer {
  readonly model: Network;
  readonly storage: Storage;
  readonly plan: Plan;
  readonly steps: number;
  /** Steps between two looks at loss and accuracy; may be changed while it runs. */
  logEvery: number;
  /** What began from the seed, as the weights that were given lacked it. */
  #left: string[] = [];
  #step = 0;
  #stopped = false;
  #epochs: EpochRecord[] = [];
  #best = { epoch: 0, accuracy: -1 };
  #bestTensors: NamedTensor[] = [];
  /** Totals at the last look, to report differences. */
  #seen = { loss: 0, steps: 0, correct: 0, samples: 0 };

  private constructor(
    readonly gpu: Gpu,
    readonly config: TrainConfig,
    private readonly data: TrainingData,
    private readonly prepared: TrainingStep,
    private readonly evaluator?: Evaluator,
  ) {
    this.model = prepared.network;
    this.storage = prepared.storage;
    this.plan = prepared.plan;
    this.steps = prepared.steps;
    this.logEvery = config.logEvery;
  }

  /** Builds the network, records the step, compiles it, uploads the data. */
  static async create(
    gpu: Gpu,
    config: TrainConfig,
    data: TrainingData,
    { checkpoint, weights, model, systems, onProgress }: CreateOptions = {},
  ): Promise<Trainer> {
    checkTrainConfig(config);
    if (isComputed(config.model)) {
      const problem = `${config.model.name} with a fit is computed, not trained (npm run experiments)`;
      throw new FacegradError('bad-input', problem, { wanted: config.model });
    }
    checkData(config, data);
    const { training, validation } = data;
    const network = model ?? createNetwork(config.model, systems, config.requiresGrad);
    const prepared = await TrainingStep.prepare(gpu, network, config, training, { onProgress });
    let evaluator: Evaluator | undefined;
    try {
      if (validation) {
        const { batch } = config;
        evaluator = await Evaluator.create(network, prepared.storage, validation, { batch });
      }
      const trainer = new Trainer(gpu, config, data, prepared, evaluator);
      if (checkpoint) trainer.#restore(checkpoint);
      else if (weights) trainer.#left = await network.importFitting(prepared.storage, weights);
      return trainer;
    } catch (error) {
      evaluator?.dispose();
      prepared.dispose();
      throw error;
    }
  }

  #restore(file: Uint8Array): void {
    const checkpoint = readCheckpoint(file);
    const { progress } = checkpoint;
    if (!sameRun(this.config, progress.config)) {
      throw new FacegradError(
        'bad-input',
        'the checkpoint was made with a different configuration',
        {
          wanted: this.config,
          available: progress.config,
        },
      );
    }
    const { data } = progress;
    for (const split of ['training', 'validation'] as const) {
      if (!data || data[split] === this.#fingerprints()[split]) continue;
      throw new FacegradError('bad-input', `the checkpoint was made with different ${split} data`, {
        wanted: data[split] ?? 'none',
        available: this.#fingerprints()[split] ?? 'none',
      });
    }
    restore(this.storage, this.prepared.recorded.updated, checkpoint);
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
    const { config } = this;
    const { stepsPerEpoch } = this.prepared.sampler;
    const { device, waits } = this.gpu;
    const inFlight: Promise<void>[] = [];
    yield {
      type: 'start',
      step: this.#step,
      steps: this.steps,
      stepsPerEpoch,
      parameters: this.model.parameterCount,
      dispatches: this.plan.dispatchCount,
      memory: this.plan.memory,
      adapter: adapterName(this.gpu.adapter),
    };
    if (this.#left.length > 0) yield { type: 'left', tensors: this.#left };
    let epochBegin = performance.now();
    let lookBegin = performance.now();
    // How long a step takes shows when the first is done: until then, a submit a dispatch.
    let parts = config.maxSubmitMs > 0 ? this.plan.dispatchCount : 1;
    const first = this.#step + 1;
    // A checkpoint between an epoch's last step and its evaluation.
    if (this.#epochs.length < Math.floor(this.#step / stepsPerEpoch)) {
      yield await this.#endEpoch(this.#epochs.length + 1, 0);
    }
    while (this.#step < this.steps && !this.#stopped) {
      const step = this.#step + 1;
      const factor = rateFactor(config.schedule, step, this.steps, stepsPerEpoch);
      const learningRate = config.optimizer.learningRate * factor;
      this.prepared.write(step, learningRate);
      const submitted = performance.now();
      const plan = this.prepared.planAt(step);
      plan.run(parts);
      this.#step = step;
      const done = device.queue.onSubmittedWorkDone();
      done.catch(() => undefined); // nobody may come to wait for it once the device is lost
      inFlight.push(done);
      if (inFlight.length >= IN_FLIGHT) await waits.until(inFlight.shift()!, IN_FLIGHT_LOOKS);
      if (config.maxSubmitMs > 0 && (step % 8 === 0 || step === first)) {
        // A page must stay usable: measure a step now and then and split it accordingly.
        await this.gpu.done();
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
        const best = bestEpoch(this.#epochs)!.epoch;
        if (config.patience > 0 && epoch - best >= config.patience) {
          yield { type: 'done', step, reason: 'patience', validation: this.#last() };
          return;
        }
      } else if (config.checkpointEvery > 0 && step % config.checkpointEvery === 0) {
        yield { type: 'checkpoint', step };
      }
    }
    await this.gpu.done();
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
      this.storage.read(this.prepared.recorded.totals),
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
    const [bad] = await this.storage.read(this.prepared.recorded.firstBadStep);
    if (bad > 0) throw await this.#notFinite(bad);
  }

  /**
   * Runs the bad step once more, dispatch by dispatch, to name what made the first number that is not
   * finite. From that step on the optimizer has changed nothing, so the parameters are those it had.
   */
  async #notFinite(bad: number): Promise<FacegradError> {
    const { storage } = this;
    const { updated, totals } = this.prepared.recorded;
    const before: [Value, TypedArray][] = [];
    for (const value of Object.values(updated)) before.push([value, await storage.read(value)]);
    // Running statistics only take up what is not finite: what made it is elsewhere.
    const { flat } = this.model.arenas.statistics;
    storage.write(flat, new Float32Array(flat.shape[0]));
    storage.write(totals, new Float32Array(totals.shape[0]));
    this.prepared.write(bad, 0);
    const first = await this.prepared.planAt(bad).firstNotFinite();
    for (const [value, data] of before) storage.write(value, data);
    return new FacegradError(
      'not-finite',
      `training is no longer finite from step ${bad} on` +
        (first ? `: first in ${first.output}, by ${first.dispatch}` : '') +
        '; the weights are those before that step',
      { operation: first?.kernel, available: first?.value },
    );
  }

  async #endEpoch(epoch: number, seconds: number): Promise<TrainEvent> {
    const { loss, steps, correct, samples } = this.#seen;
    this.#seen = { loss: 0, steps: 0, correct: 0, samples: 0 };
    const { totals } = this.prepared.recorded;
    this.storage.write(totals, new Float32Array(totals.shape[0]));
    const put = this.config.keep === 'ema' ? await this.#putAverages() : () => undefined;
    const validation = await this.evaluator?.evaluate();
    const record: EpochRecord = {
      epoch,
      loss: loss / steps,
      accuracy: correct / samples,
      seconds,
      validation,
    };
    this.#epochs.push(record);
    const score = validation?.accuracy ?? record.accuracy;
    const best = bestEpoch(this.#epochs) === record;
    if (best || this.config.keep !== 'best') {
      this.#best = { epoch, accuracy: score };
      this.#bestTensors = await this.model.export(this.storage);
    }
    put();
    return { type: 'epoch', best, ...record };
  }

  /** Puts the moving averages in the place of parameters and statistics; what it returns puts those back. */
  async #putAverages(): Promise<() => void> {
    const { storage } = this;
    const { updated } = this.prepared.recorded;
    const share = 1 - this.config.averageDecay ** this.#step;
    const before: [Value, TypedArray][] = [];
    for (const name of ['parameters', 'statistics']) {
      before.push([updated[name], await storage.read(updated[name])]);
      const average = (await storage.read(updated[`average_${name}`])) as Float32Array;
      storage.write(
        updated[name],
        average.map((sum) => sum / share),
      );
    }
    return () => before.forEach(([value, data]) => storage.write(value, data));
  }

  /** The class probabilities behind the last validation, images x classes. */
  get validationProbabilities(): Float64Array | undefined {
    return this.evaluator?.last;
  }

  /** The run as one file, from which `create` goes on bit for bit. Any event of `run` will do. */
  async checkpoint(): Promise<Uint8Array> {
    await this.#assertFinite();
    const progress: Progress = {
      config: this.config,
      step: this.#step,
      epochs: this.#epochs,
      best: this.#best,
      adapter: adapterName(this.gpu.adapter),
      data: this.#fingerprints(),
    };
    return writeCheckpoint(
      this.storage,
      this.prepared.recorded.updated,
      this.#bestTensors,
      progress,
    );
  }

  /** The weights that `keep` says (of now, before the first epoch ends), with what they reached on held-out data. */
  async weights(provenance: Provenance = {}, type: WeightType = 'F32'): Promise<Uint8Array> {
    let tensors = this.#bestTensors;
    if (tensors.length === 0) {
      await this.#assertFinite();
      tensors = await this.model.export(this.storage);
    }
    const { replaced } = this.gpu.pipelines;
    const { epoch, accuracy } = this.#best;
    const facts: Provenance = {
      data: this.data.training.name,
      seed: this.config.seed,
      epoch,
      ...(this.evaluator && epoch > 0 && { accuracy }),
      adapter: this.gpu.adapter.description,
      ...(replaced.size > 0 && { replaced: [...replaced].join(', ') }),
      ...provenance,
    };
    return weightsFile(
      tensors,
      { config: this.config.model, training: this.config, provenance: facts },
      type,
    );
  }

  /** Frees the plan, the evaluator and all memory; the GPU itself stays the caller's. */
  dispose(): void {
    this.evaluator?.dispose();
    this.prepared.dispose();
  }
}
