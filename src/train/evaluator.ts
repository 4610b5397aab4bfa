import { checkSet, type ImageSet, type SequenceSet } from '../data/dataset';
import { FacegradError } from '../gpu/errors';
import type { Network } from '../nn/network';
import { Plan } from '../tape/plan';
import type { Storage } from '../tape/storage';
import { Tape } from '../tape/tape';
import type { Value } from '../tape/value';
import { augment, NO_AUGMENTATION } from '../vision/augmentation';
import { ImageBank, isSequences, itemLabels, StepBuffer } from './batches';
import { emptyConfusion, metricsOf, softmax, type Metrics } from './metrics';

/** One look at a picture: mirrored or not, shifted by source pixels. */
export interface View {
  mirror: boolean;
  shiftX: number;
  shiftY: number;
}

const PLAIN: View[] = [{ mirror: false, shiftX: 0, shiftY: 0 }];
const MIRROR: View[] = [...PLAIN, { mirror: true, shiftX: 0, shiftY: 0 }];

/** Test-time averaging: none, with the mirror image, or both at five places. */
export type TestTimeAveraging = 'none' | 'mirror' | 'mirror-shift';

export function testViews(averaging: TestTimeAveraging): View[] {
  if (averaging === 'none') return PLAIN;
  if (averaging === 'mirror') return MIRROR;
  const places = [0, 0, 2, 0, -2, 0, 0, 2, 0, -2];
  return MIRROR.flatMap(({ mirror }) =>
    [0, 1, 2, 3, 4].map((i) => ({ mirror, shiftX: places[2 * i], shiftY: places[2 * i + 1] })),
  );
}

/** Runs a model over a data set, without augmentation, with batch norm's running statistics. */
export class Evaluator {
  /** The class probabilities that `evaluate` came to last, items x classes. */
  last?: Float64Array;

  private constructor(
    readonly model: Network,
    readonly data: ImageSet | SequenceSet,
    private readonly storage: Storage,
    private readonly plan: Plan,
    private readonly buffer: StepBuffer,
    private readonly logits: Value,
    private readonly embedding?: Value,
  ) {}

  static async create(
    model: Network,
    storage: Storage,
    data: ImageSet | SequenceSet,
    options: {
      batch?: number;
      bank?: ImageBank;
      onProgress?: (ready: number, total: number) => void;
    } = {},
  ): Promise<Evaluator> {
    const { config } = model;
    checkSet(data);
    if (data.classes.length > config.classes.length) {
      throw new FacegradError('bad-input', `${data.name} has more classes than the network`, {
        wanted: config.classes,
        available: data.classes,
      });
    }
    const labels = itemLabels(data);
    const batch = Math.min(options.batch ?? 64, labels.length);
    const frames = config.frames.mode === 'sequence' ? config.frames.count : 1;
    const bank = options.bank ?? new ImageBank(data);
    if (!options.bank) bank.upload(storage);
    const buffer = new StepBuffer(batch, frames);
    const tape = new Tape(storage.gpu.capabilities);
    const images = augment(
      tape,
      { images: bank.images, indices: buffer.indices, step: buffer.step },
      NO_AUGMENTATION,
      {
        source: { width: data.width, height: data.height },
        size: config.size,
        views: 1,
        sequence: frames > 1,
        random: false,
      },
    );
    const { logits, embedding } = model.forward(tape, images, batch, {
      training: false,
      step: buffer.step,
      lengths: frames > 1 ? buffer.lengths : undefined,
    });
    const plan = await Plan.compile(tape, storage, {
      keep: embedding ? [logits, embedding] : [logits],
      onProgress: options.onProgress,
    });
    return new Evaluator(model, data, storage, plan, buffer, logits, embedding);
  }

  get dispatchCount(): number {
    return this.plan.dispatchCount;
  }

  /**
   * Class probabilities of every item, averaged over the views.
   * @returns f64, items x classes
   */
  async probabilities(
    views: View[] = PLAIN,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Float64Array> {
    const classes = this.model.config.classes.length;
    const sums = new Float64Array(this.#count * classes);
    await this.#each(this.logits, views, onProgress, (row, item) => {
      if (!row.every(Number.isFinite)) {
        throw new FacegradError(
          'not-finite',
          `the class scores of item ${item} of ${this.data.name} are not finite; are the weights?`,
          { available: [...row] },
        );
      }
      softmax(row).forEach((p, c) => (sums[item * classes + c] += p / views.length));
    });
    return sums;
  }

  /**
   * What the network tells the classes from.
   * @returns f32, items x features
   * @throws FacegradError `bad-input` if the network gives class scores alone
   */
  async embeddings(onProgress?: (done: number, total: number) => void): Promise<Float32Array> {
    const { embedding } = this;
    if (!embedding) {
      throw new FacegradError('bad-input', `${this.model.config.name} gives no embedding`);
    }
    const width = embedding.shape[1];
    const rows = new Float32Array(this.#count * width);
    await this.#each(embedding, PLAIN, onProgress, (row, item) => rows.set(row, item * width));
    return rows;
  }

  get #count(): number {
    const { data } = this;
    return isSequences(data) ? data.sequences.length : data.count;
  }

  /** Runs the network over all items and views; `take` is given the item's row of a value. */
  async #each(
    value: Value,
    views: View[],
    onProgress: ((done: number, total: number) => void) | undefined,
    take: (row: Float32Array, item: number) => void,
  ): Promise<void> {
    const { buffer, data, storage } = this;
    const count = this.#count;
    const [, width] = value.shape;
    for (let begin = 0; begin < count; begin += buffer.samples) {
      const length = Math.min(buffer.samples, count - begin);
      const items = Uint32Array.from({ length }, (_, i) => begin + i);
      for (const { mirror, shiftX, shiftY } of views) {
        const draw = { seed: 0, number: 1, learningRate: 0, mirror, shiftX, shiftY };
        buffer.write(storage, data, items, draw);
        this.plan.run();
        const rows = (await this.plan.read(value)) as Float32Array;
        for (let i = 0; i < length; i++) {
          take(rows.subarray(i * width, (i + 1) * width), begin + i);
        }
      }
      onProgress?.(begin + length, count);
    }
  }

  /** Accuracy, recalls and the confusion matrix; the first of equal probabilities is the prediction. */
  async evaluate(
    views: View[] = PLAIN,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Metrics> {
    const classes = this.model.config.classes.length;
    const probabilities = await this.probabilities(views, onProgress);
    this.last = probabilities;
    const labels = itemLabels(this.data);
    const confusion = emptyConfusion(classes);
    for (let i = 0; i < labels.length; i++) {
      const row = probabilities.subarray(i * classes, (i + 1) * classes);
      confusion[labels[i]][row.indexOf(Math.max(...row))] += 1;
    }
    return metricsOf(confusion);
  }

  dispose(): void {
    this.plan.dispose();
  }
}
