import type { ImageSet, SequenceSet } from '../data/dataset';
import { FacegradError } from '../gpu/errors';
import { f32, u32 } from '../kernels/kernel';
import { pcg, random, randomUniform } from '../kernels/random';
import { ABSENT } from '../kernels/focal_loss';
import type { Storage } from '../tape/storage';
import { state, type Value } from '../tape/value';

/** Numbers of random streams of the host; the kernels use small ones. */
const SHUFFLE = 1000;
const BALANCE = 1001;

export function isSequences(data: ImageSet | SequenceSet): data is SequenceSet {
  return 'sequences' in data;
}

/** Labels of the things that are classified: pictures, or whole sequences. */
export function itemLabels(data: ImageSet | SequenceSet): ArrayLike<number> {
  return isSequences(data) ? data.sequences.map(({ label }) => label) : data.labels;
}

/** A data set's pixels on the GPU, as bytes, uploaded once. */
export class ImageBank {
  readonly images: Value;

  constructor(readonly data: ImageSet | SequenceSet) {
    const bytes = data.count * data.width * data.height;
    this.images = state(`${data.name}.images`, u32([Math.ceil(bytes / 4)]));
  }

  upload(storage: Storage): void {
    const { images } = this.data;
    let bytes = images;
    if (images.length % 4 !== 0) {
      bytes = new Uint8Array(this.images.bytes); // whole words, the last filled up with zeros
      bytes.set(images);
    }
    storage.write(this.images, bytes);
  }
}

/** Numbers at the head of the step buffer, as `struct Step` in the kernels has them. */
export interface StepNumbers {
  seed: number;
  number: number;
  learningRate: number;
  mirror?: boolean;
  shiftX?: number;
  shiftY?: number;
  /** What a sample keeps of itself in mixup. */
  share?: number;
}

const align = (count: number) => Math.ceil(count / 64) * 64;

/** What changes from step to step, in one small buffer that one write fills. */
export class StepBuffer {
  readonly step: Value;
  /** u32 [N] or [T * N] for sequences: which images. */
  readonly indices: Value;
  /** u32 [N]. */
  readonly labels: Value;
  /** u32 [N]: valid frames of each sequence. */
  readonly lengths: Value;
  /** With mixup: u32 [N], the labels of the next samples, and f32 [1], what a sample keeps of itself. */
  readonly mixup?: Record<'nextLabels' | 'share', Value>;
  readonly #root: Value;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;

  constructor(
    readonly samples: number,
    readonly frames: number,
    mixup = false,
  ) {
    const indices = align(samples * frames);
    const perSample = align(samples);
    const end = 64 + indices + 2 * perSample;
    this.#root = state('step', u32([end + (mixup ? perSample + 64 : 0)]));
    this.step = this.#root.view('step', u32([64]), 0);
    this.indices = this.#root.view('indices', u32([samples * frames]), 64);
    this.labels = this.#root.view('labels', u32([samples]), 64 + indices);
    this.lengths = this.#root.view('lengths', u32([samples]), 64 + indices + perSample);
    if (mixup) {
      this.mixup = {
        nextLabels: this.#root.view('next labels', u32([samples]), end),
        share: this.#root.view('share', f32([1]), end + perSample),
      };
    }
    this.#words = new Uint32Array(this.#root.shape[0]);
    this.#floats = new Float32Array(this.#words.buffer);
  }

  /** Fills and writes the buffer for the given items; fewer than N leave the rest absent. */
  write(
    storage: Storage,
    data: ImageSet | SequenceSet,
    items: ArrayLike<number>,
    numbers: StepNumbers,
  ): void {
    const words = this.#words;
    words[0] = numbers.seed;
    words[1] = numbers.number;
    this.#floats[2] = numbers.learningRate;
    words[3] = numbers.mirror ? 1 : 0;
    this.#floats[4] = numbers.shiftX ?? 0;
    this.#floats[5] = numbers.shiftY ?? 0;
    const { indices, labels, lengths } = this;
    for (let n = 0; n < this.samples; n++) {
      const item = n < items.length ? items[n] : ABSENT;
      const absent = item === ABSENT;
      const frames = absent ? [] : isSequences(data) ? data.sequences[item].frames : [item];
      for (let t = 0; t < this.frames; t++) {
        const frame = frames[Math.min(t, frames.length - 1)];
        words[indices.offset + t * this.samples + n] = frame ?? ABSENT;
      }
      words[labels.offset + n] = absent
        ? ABSENT
        : isSequences(data)
          ? data.sequences[item].label
          : data.labels[item];
      words[lengths.offset + n] = Math.min(frames.length, this.frames);
    }
    if (this.mixup) {
      const { nextLabels, share } = this.mixup;
      for (let n = 0; n < this.samples; n++)
        words[nextLabels.offset + n] = words[labels.offset + ((n + 1) % this.samples)];
      this.#floats[share.offset] = numbers.share ?? 1;
    }
    storage.write(this.#root, words);
  }
}

/**
 * Which items a step sees, as a function of (seed, step) alone: every item once an epoch in a new
 * order (`natural`; what does not fill a batch is left out), or every class equally often.
 */
export class Sampler {
  readonly stepsPerEpoch: number;
  readonly #labels: ArrayLike<number>;
  readonly #byClass: number[][];
  #order: Uint32Array = new Uint32Array(0);
  #epoch = -1;

  constructor(
    data: ImageSet | SequenceSet,
    readonly batch: number,
    readonly seed: number,
    readonly sampling: 'natural' | 'balanced',
  ) {
    this.#labels = itemLabels(data);
    const count = this.#labels.length;
    if (batch > count) {
      throw new FacegradError(
        'bad-input',
        `a batch of ${batch} cannot be drawn from ${count} images`,
        {
          wanted: batch,
          available: count,
        },
      );
    }
    this.stepsPerEpoch = Math.floor(count / batch);
    this.#byClass = [];
    for (let i = 0; i < count; i++) (this.#byClass[this.#labels[i]] ??= []).push(i);
    this.#byClass = this.#byClass.filter((items) => items !== undefined);
  }

  /** @param step from 1 */
  items(step: number): Uint32Array {
    const epoch = Math.floor((step - 1) / this.stepsPerEpoch);
    if (this.sampling === 'balanced') return this.#balanced(step);
    if (epoch !== this.#epoch) {
      this.#order = shuffled(this.#labels.length, this.seed, epoch);
      this.#epoch = epoch;
    }
    const begin = ((step - 1) % this.stepsPerEpoch) * this.batch;
    return this.#order.slice(begin, begin + this.batch);
  }

  #balanced(step: number): Uint32Array {
    return Uint32Array.from({ length: this.batch }, (_, i) => {
      const pick = (k: number, length: number) =>
        Math.floor(randomUniform(this.seed, step, BALANCE, 2 * i + k) * length);
      const items = this.#byClass[pick(0, this.#byClass.length)];
      return items[pick(1, items.length)];
    });
  }
}

/** 0 to count - 1 in an order that depends on seed and epoch (Fisher-Yates). */
function shuffled(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const base = random(seed, epoch, SHUFFLE, 0);
  for (let i = count - 1; i > 0; i--) {
    const j = pcg(base + i) % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
