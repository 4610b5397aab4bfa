/** One training in the worker: it can be paused, it keeps itself, and it survives its device. */
import type { ImageSet, SequenceSet } from '../../src/data/dataset';
import type { Gpu } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import { itemLabels } from '../../src/train/batches';
import { readCheckpoint } from '../../src/train/checkpoint';
import { classWeights, type TrainConfig } from '../../src/train/config';
import type { TrainEvent } from '../../src/train/events';
import { reasonOf, recovering } from '../../src/train/recovery';
import { Trainer } from '../../src/train/trainer';
import { tensorsFor } from '../../src/train/transfer';
import type { Weights } from '../../src/train/weights_file';
import { keepLatestWeights } from '../shared/latest_weights';
import { waitForGpu } from '../shared/open_gpu';
import { systems } from '../shared/systems';
import { countItems, picturesOf, stills } from './data';
import type { FromWorker, Mistake, Pictures, Pixel, RunRecord } from './protocol';
import type { LoadedData, RunStore } from './run_store';
import { profileStep, Viewer } from './viewer';
import { giveBack, takeGpu } from './warm';

/** Milliseconds between two looks at loss and accuracy, about. */
const LOOK_MS = 250;
/** Milliseconds between two sets of views, at least; about a twentieth of the time is theirs. */
const VIEW_MS = 2000;
const MOST_VIEW_MS = 15_000;
const MOST_MISTAKES = 12;
/** Steps that run with the original file first, to be compared with the reader's kernel. */
const ORIGINAL_STEPS = 50;
/** About how long the GPU is kept from training while its times are taken. */
const PROFILE_MS = 2000;
/** The twin that GPU times are taken on needs the step's memory once more. */
const MOST_PROFILED_BYTES = 512 * 2 ** 20;

export interface RunOptions {
  config: TrainConfig;
  data: LoadedData;
  record: RunRecord;
  /** To go on from. */
  checkpoint?: Uint8Array;
  /** To begin with, in place of random ones. */
  weights?: Weights;
  /** Undefined where this tab may not keep the run. */
  store?: RunStore;
  post(message: FromWorker): void;
}

export class Run {
  trainer?: Trainer;
  /** The image whose feature maps are shown, and the pixel of them that is taken apart. */
  #chosen: { image: number; pixel?: Pixel } = { image: 0 };
  #gpu?: Gpu;
  /** Whether that is the next training's by now. */
  #lent = false;
  #checkpoint?: Uint8Array;
  #paused?: { promise: Promise<void>; resume(): void };
  #stopped = false;
  #viewer?: Viewer;
  #keptAt = 0;
  #lookedAt = { step: 0, time: 0 };
  #perStep = 0;
  #viewedAt = 0;
  #profiled = false;
  /** When the time of the record was last brought up to date; undefined while it does not train. */
  #clock?: number;

  constructor(private readonly options: RunOptions) {
    this.#checkpoint = options.checkpoint;
    if (options.checkpoint) this.#rewind(readCheckpoint(options.checkpoint).progress.step);
  }

  get record(): RunRecord {
    return this.options.record;
  }

  get config(): TrainConfig {
    return this.options.config;
  }

  /** Milliseconds that a step takes; 0 before it is known. */
  get msPerStep(): number {
    return this.#perStep;
  }

  /** The last checkpoint, wherever it could be stored. */
  get checkpoint(): Uint8Array | undefined {
    return this.#checkpoint;
  }

  /** To its end, whatever the devices do on the way. Throws what cannot be mended. */
  async run(): Promise<void> {
    const { post, record } = this.options;
    const attempts = recovering(() => this.#attempt(), {
      checkpoint: () => this.#checkpoint,
      stopped: () => this.#stopped,
      onLost: async ({ message }) => {
        const step = this.#checkpoint ? readCheckpoint(this.#checkpoint).progress.step : 0;
        this.#rewind(step);
        await waitForGpu({
          up: () => this.#stopped,
          onWaiting: () => post({ type: 'waiting', step }),
        });
        if (this.#stopped) await this.#endWithoutGpu();
        else post({ type: 'lost', message, step });
      },
    });
    for await (const { step } of attempts) record.step = step;
  }

  /** After the end of a run its network can still be looked into, until this. */
  close(): void {
    this.#rest();
    this.#viewer?.dispose();
    this.#viewer = undefined;
    this.trainer?.dispose();
    this.trainer = undefined;
    if (!this.#lent) this.#gpu?.dispose();
    this.#gpu = undefined;
  }

  /** It does not train from here on. */
  #rest(): void {
    this.#tick();
    this.#clock = undefined;
  }

  /** Stopped while there was no GPU: what is kept is all there is. */
  async #endWithoutGpu(): Promise<void> {
    const { post, record, store } = this.options;
    const { step, time } = record;
    record.status = 'paused';
    if (this.#checkpoint) {
      await store?.put('run', { record, checkpoint: this.#checkpoint, resumes: 0 });
    }
    post({ type: 'event', event: { type: 'done', step, reason: 'stopped' }, time, msPerStep: 0 });
  }

  pause(): void {
    if (this.#paused) return;
    let resume!: () => void;
    const promise = new Promise<void>((resolve) => (resume = resolve));
    this.#paused = { promise, resume };
  }

  resume(): void {
    this.#paused?.resume();
    this.#paused = undefined;
  }

  stop(): void {
    this.#stopped = true;
    this.trainer?.stop();
    this.resume();
  }

  /** One device's part of the run; yields the step after each event. */
  async *#attempt(): AsyncGenerator<{ step: number }> {
    const { config, data, post, record } = this.options;
    const { kernel, log } = record;
    try {
      if (kernel && !log.original) {
        log.original = await this.#original();
        post({ type: 'original', points: log.original });
      }
      this.#gpu = await takeGpu(config, kernel !== undefined);
      if (kernel) this.#gpu.pipelines.replace(kernel.file, kernel.code);
      const trainer = await Trainer.create(this.#gpu, config, data, {
        checkpoint: this.#checkpoint,
        weights: this.#weights(),
        systems,
        onProgress: (ready, total) => post({ type: 'compiling', ready, total }),
      });
      this.trainer = trainer;
      if (kernel) trainer.logEvery = 1; // to be compared step by step
      if (kernel && !this.#gpu.pipelines.replaced.has(kernel.file)) {
        throw new FacegradError(
          'bad-input',
          `the step of this network on this GPU does not use ${kernel.file}`,
        );
      }
      if (this.#stopped) trainer.stop();
      this.#viewer = new Viewer(trainer, {
        training: data.training,
        shown: data.validation ?? data.training,
      });
      record.steps = trainer.steps;
      this.#clock = this.#keptAt = performance.now();
      this.#lookedAt = { step: trainer.step, time: performance.now() };
      for await (const event of trainer.run()) {
        await this.#handle(trainer, event);
        yield { step: trainer.step };
      }
      this.#rest();
      if (!kernel) this.#lent = giveBack(this.#gpu);
    } catch (error) {
      const reason = await reasonOf(error, this.#gpu);
      this.close();
      throw reason;
    }
  }

  /** Those to begin with, as far as they suit the classes. */
  #weights() {
    const { weights, config } = this.options;
    return weights && tensorsFor(weights, config.model.classes, systems);
  }

  /** The loss of the first steps from the same beginning, with every file as it is. */
  async #original(): Promise<NonNullable<RunRecord['log']['original']>> {
    const { config, post } = this.options;
    const data = { training: this.options.data.training }; // nothing is chosen here
    const points: NonNullable<RunRecord['log']['original']> = [];
    this.#gpu = await takeGpu(config);
    const trainer = await Trainer.create(this.#gpu, config, data, {
      weights: this.#weights(),
      systems,
      onProgress: (ready, total) => post({ type: 'compiling', ready, total }),
    });
    this.trainer = trainer;
    trainer.logEvery = 1;
    for await (const event of trainer.run()) {
      if (event.type !== 'step' || points.length >= ORIGINAL_STEPS) continue;
      points.push({ step: event.step, loss: event.loss });
      if (points.length === ORIGINAL_STEPS) trainer.stop();
    }
    this.close();
    return points;
  }

  async #handle(trainer: Trainer, event: TrainEvent): Promise<void> {
    const { data, post, record } = this.options;
    this.#tick();
    let viewDue = false;
    if (event.type === 'step') {
      const { step, loss, accuracy } = event;
      record.log.training.push({ step, loss, accuracy });
      this.#adjustLooks(step);
      // What the views run is compiled when the curve has begun to move.
      viewDue = step > 1 && performance.now() > this.#viewedAt;
    } else if (event.type === 'epoch') {
      if (event.validation) record.metrics = event.validation;
      if (data.validation) this.#validated(trainer, data.validation);
      if (event.best) await this.#keepWeights(trainer);
    } else if (event.type === 'done') {
      record.status = event.reason === 'stopped' ? 'paused' : 'done';
    }
    record.step = trainer.step;
    post({ type: 'event', event, time: record.time, msPerStep: this.#perStep });
    const seconds = (performance.now() - this.#keptAt) / 1000;
    const due = seconds >= Number(record.settings.keep) || event.type === 'checkpoint';
    if (due || event.type === 'done') await this.#keep(trainer);
    if (event.type === 'done') await this.#keepWeights(trainer);
    if (viewDue) await this.#aside(() => this.#view(trainer));
    if (this.#paused && event.type !== 'done') await this.#aside(() => this.#wait(trainer));
  }

  /** Looks by the clock: every step where steps are slow, now and then where they are fast; every step that is compared. */
  #adjustLooks(step: number): void {
    const { step: before, time } = this.#lookedAt;
    const now = performance.now();
    if (step > before) {
      const perStep = (now - time) / (step - before);
      this.#perStep = this.#perStep > 0 ? 0.8 * this.#perStep + 0.2 * perStep : perStep;
      // A point of several steps is their mean, and not to be compared with the original's single ones.
      const compared = this.record.kernel && step < ORIGINAL_STEPS;
      this.trainer!.logEvery = compared ? 1 : Math.max(1, Math.round(LOOK_MS / this.#perStep));
    }
    this.#lookedAt = { step, time: now };
  }

  async #wait(trainer: Trainer): Promise<void> {
    const { post, record } = this.options;
    record.status = 'paused';
    await this.#keep(trainer);
    this.#clock = undefined;
    post({ type: 'paused', step: trainer.step });
    // The device may go while nothing runs; then it is opened again at once, and waits.
    const lost = trainer.gpu.lost.then((error) => {
      throw error;
    });
    lost.catch(() => undefined); // nobody listens once it goes on
    while (this.#paused) await Promise.race([this.#paused.promise, lost]);
    record.status = 'running';
    this.#clock = performance.now();
    post({ type: 'resumed' });
  }

  /** Does something whose time is not the training's: speeds are those of the steps alone. */
  async #aside(work: () => Promise<void>): Promise<void> {
    const begin = performance.now();
    await work();
    this.#lookedAt.time += performance.now() - begin;
  }

  #tick(): void {
    if (this.#clock === undefined) return;
    const now = performance.now();
    this.record.time += now - this.#clock;
    this.#clock = now;
  }

  /** Takes what came after a step out of the curves again. */
  #rewind(step: number): void {
    const { log } = this.record;
    log.training = log.training.filter((point) => point.step <= step);
    log.validation = log.validation.filter((point) => point.step <= step);
    this.record.step = step;
  }

  async #keep(trainer: Trainer): Promise<void> {
    const { post, record, store } = this.options;
    const checkpoint = await trainer.checkpoint();
    this.#checkpoint = checkpoint;
    this.#keptAt = performance.now();
    if (!store) return;
    try {
      await store.put('run', { record, checkpoint, resumes: 0 });
      post({ type: 'kept', step: trainer.step, bytes: checkpoint.length });
    } catch (error) {
      // The training goes on; only a reload would lose it, and the page says so.
      post({ type: 'not-kept', message: (error as Error).message });
    }
  }

  /** For the other pages, which run what was trained last. */
  async #keepWeights(trainer: Trainer): Promise<void> {
    try {
      await keepLatestWeights((await trainer.weights()) as Uint8Array<ArrayBuffer>);
    } catch (error) {
      this.options.post({ type: 'not-kept', message: (error as Error).message });
    }
  }

  #validated(trainer: Trainer, set: ImageSet | SequenceSet): void {
    const { config, data, post, record } = this.options;
    const probabilities = trainer.validationProbabilities!;
    const labels = itemLabels(set);
    const classes = set.classes.length;
    const alpha = classWeights(config.loss.alpha, countItems(data.training));
    const { gamma, smoothing, threshold = 0 } = config.loss;
    let loss = 0;
    const mistakes: Mistake[] = [];
    for (let i = 0; i < labels.length; i++) {
      const row = probabilities.subarray(i * classes, (i + 1) * classes);
      const label = labels[i];
      const p = row[label];
      loss -=
        (1 - smoothing) *
        alpha[label] *
        (1 - p) ** (p < threshold ? 0 : gamma) *
        Math.log(Math.max(p, 1e-12));
      if (smoothing > 0) {
        for (const q of row) loss -= (smoothing / classes) * Math.log(Math.max(q, 1e-12));
      }
      const confidence = Math.max(...row);
      const said = row.indexOf(confidence);
      if (said !== label) mistakes.push({ image: i, label, said, confidence, truth: p });
    }
    mistakes.sort((a, b) => b.confidence - b.truth - (a.confidence - a.truth));
    record.mistakes = mistakes.slice(0, MOST_MISTAKES);
    const accuracy = record.metrics!.accuracy;
    const point = { step: trainer.step, loss: loss / labels.length, accuracy };
    record.log.validation.push(point);
    post({ type: 'validation', log: point, ...this.mistakes() });
  }

  /** The worst mistakes with their pictures. */
  mistakes(): { mistakes: Mistake[]; pictures: Pictures } {
    const { data, record } = this.options;
    const set = data.validation ?? data.training;
    const images = record.mistakes.map(({ image }) => image);
    return { mistakes: record.mistakes, pictures: picturesOf(stills(set, images)) };
  }

  async #view(trainer: Trainer): Promise<void> {
    const { post, record } = this.options;
    const begin = performance.now();
    post(await this.#viewer!.batch(Math.max(1, record.step)));
    post(await this.#viewer!.filters());
    await this.#viewFeatures();
    const first = this.#viewedAt === 0; // its time was that of compiling
    if (!this.#profiled && !first && trainer.plan.memory.after < MOST_PROFILED_BYTES) {
      this.#profiled = true;
      await this.#profile(trainer);
    }
    const now = performance.now();
    const rest = first ? VIEW_MS : Math.min(MOST_VIEW_MS, Math.max(VIEW_MS, 20 * (now - begin)));
    this.#viewedAt = now + rest;
  }

  async #profile(trainer: Trainer): Promise<void> {
    const { config, data, post } = this.options;
    try {
      // Of fewer pictures where a step takes long: the shares are about the same.
      const most = Math.round((config.batch * PROFILE_MS) / Math.max(1, this.#perStep));
      const batch = Math.max(2, Math.min(config.batch, most));
      post(await profileStep(trainer.gpu, { ...config, batch }, data.training));
    } catch (error) {
      // No room for a twin of the step: the training is worth more than its times.
      const kind = error instanceof FacegradError ? error.kind : undefined;
      if (kind !== 'out-of-memory' && kind !== 'limit') throw error;
    }
  }

  /** The feature maps again, of another image or with another pixel; while it is paused and after its end too. */
  async choose(image: number, pixel?: Pixel): Promise<void> {
    this.#chosen = { image, pixel };
    await this.#viewFeatures();
  }

  async #viewFeatures(): Promise<void> {
    const { image, pixel } = this.#chosen;
    if (this.#viewer) this.options.post(await this.#viewer.features(image, pixel));
  }

  weights(): Promise<Uint8Array> | undefined {
    return this.trainer?.weights();
  }
}
