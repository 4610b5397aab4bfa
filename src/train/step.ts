import { classCounts, type ImageSet, type SequenceSet } from '../data/dataset';
import type { Gpu } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import { f32, u32 } from '../kernels/kernel';
import { accumulateMetrics } from '../kernels/metrics';
import { Pass, type Output } from '../nn/module';
import type { Network } from '../nn/network';
import { affine } from '../tape/operations/elementwise';
import { expand } from '../tape/operations/copy';
import { focalLoss } from '../tape/operations/focal_loss';
import { gather } from '../tape/operations/gather';
import { reshape } from '../tape/operations/reshape';
import { Plan } from '../tape/plan';
import { Storage } from '../tape/storage';
import { Tape } from '../tape/tape';
import { constant, state, type Value } from '../tape/value';
import { augment, AUGMENTATION } from '../vision/augmentation';
import { ImageBank, isSequences, itemLabels, Sampler, StepBuffer } from './batches';
import { classWeights, sizeAt, type TrainConfig } from './config';
import { mixedLoss, mixPictures, mixupShare } from './mixup';
import { average, optimize } from './optimizer';

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
  /** f32 [N]; its sum is the batch's loss. */
  loss: Value;
  /** State that a checkpoint must hold. */
  updated: Record<string, Value>;
}

/**
 * Records the whole training step: gather and augment, preprocess, network, loss, backward, optimizer, metrics.
 * @param made a step at another size of the pictures, with which it shares all that lasts
 */
export function recordStep(
  gpu: Pick<Gpu, 'capabilities'>,
  network: Network,
  config: TrainConfig,
  data: ImageSet | SequenceSet,
  size = network.config.size,
  made?: RecordedStep,
): RecordedStep {
  const { batch } = config;
  if (config.mixup && network.root.loss) {
    throw new FacegradError(
      'bad-input',
      'mixup blends the focal loss, and this network brings its own loss',
      {
        wanted: config.mixup,
      },
    );
  }
  const { frames, classes: names } = network.config;
  const sequence = frames.mode === 'sequence';
  const classes = names.length;
  const bank = made?.bank ?? new ImageBank(data);
  const buffer = made?.buffer ?? new StepBuffer(batch, sequence ? frames.count : 1, !!config.mixup);
  const alpha = made?.alpha ?? state('alpha', f32([classes]));
  const totals = made?.totals ?? state('totals', f32([4]));
  const first_bad_step = made?.firstBadStep ?? state('first bad step', u32([1]));
  const tape = new Tape(gpu.capabilities, config.tuning);
  const { step, labels } = buffer;
  const images = augment(
    tape,
    { images: bank.images, indices: buffer.indices, step },
    { ...AUGMENTATION, ...config.augmentation },
    {
      source: { width: data.width, height: data.height },
      size,
      views: network.framesPerSample,
      sequence,
      random: true,
    },
  );
  const pass = new Pass(tape, {
    training: true,
    step,
    samples: batch,
    lengths: sequence ? buffer.lengths : undefined,
  });
  const { mixup } = buffer;
  const pictures = mixup ? mixPictures(tape, images, batch, mixup.share) : images;
  const output = network.pass(pass, network.preprocess(tape, pictures));
  const { logits } = output;
  const { gamma, smoothing, threshold } = config.loss;
  const attributes = { gamma, smoothing, threshold };
  const loss = network.root.loss
    ? shared(pass, ownLoss(network, pass, output, labels))
    : mixup
      ? shared(pass, mixedLoss(tape, { logits, labels, alpha, ...mixup }, attributes))
      : focalLoss(tape, { logits, labels, alpha }, attributes).loss;
  tape.backward();
  tape.dispatch(accumulateMetrics, { loss, logits, labels, step, totals, first_bad_step });
  const { parameters, statistics, frozen } = network.arenas;
  const { optimizer, keep, averageDecay } = config;
  const moments = optimize(tape, parameters, optimizer, step, first_bad_step, made?.updated);
  const flat = { parameters: parameters.flat, statistics: statistics.flat };
  const averages = keep === 'ema' && average(tape, flat, averageDecay, made?.updated);
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
      ...flat,
      totals,
      ...moments,
      ...averages,
      ...(frozen.count > 0 && { frozen: frozen.flat }),
    },
  };
}

/** The loss that a network brings along. */
function ownLoss({ root, config }: Network, pass: Pass, output: Output, labels: Value): Value {
  const { tape } = pass;
  const classes = config.classes.length;
  const rows = Float32Array.from({ length: classes * classes }, (_, i) =>
    i % (classes + 1) === 0 ? 1 : 0,
  );
  const identity = constant('one-hot', f32([classes, classes]), new Uint32Array(rows.buffer));
  const onehot = tape.apply(gather, { x: identity, indices: labels }, {}).y;
  const scalar = root.loss!(pass, output, labels, onehot).settle();
  if (scalar.shape.some((extent) => extent !== 1)) {
    throw new FacegradError('bad-input', `the network's loss is [${scalar.shape}], not a scalar`, {
      wanted: [],
      available: scalar.shape,
    });
  }
  return scalar;
}

/** Starts the backward pass from a scalar, and gives it in equal shares of the samples. */
function shared({ tape, samples }: Pass, scalar: Value): Value {
  const one = new Uint32Array(Float32Array.of(1).buffer);
  tape.seed(scalar, constant('dloss', f32(scalar.shape), one));
  const share = tape.apply(affine, { x: scalar }, { scale: 1 / samples }).y;
  const single = tape.apply(reshape, { x: share }, { shape: [1] }).y;
  return tape.apply(expand, { x: single }, { shape: [samples] }).y;
}

/** Labels by class. */
export function countLabels(data: ImageSet | SequenceSet): number[] {
  if (!isSequences(data)) return classCounts(data);
  return classCounts({ classes: data.classes, labels: Uint8Array.from(itemLabels(data)) });
}

export interface PrepareOptions {
  onProgress?: (ready: number, total: number) => void;
}

/** A training step that is ready to run: recorded, compiled, its data on the GPU, its parameters initialized. */
export class TrainingStep {
  private constructor(
    readonly network: Network,
    readonly config: TrainConfig,
    readonly data: ImageSet | SequenceSet,
    readonly storage: Storage,
    /** By the side of the pictures. */
    readonly plans: ReadonlyMap<number, Plan>,
    readonly sampler: Sampler,
    readonly recorded: RecordedStep,
  ) {}

  get steps(): number {
    return this.config.epochs * this.sampler.stepsPerEpoch;
  }

  /** The plan of a step. @param number from 1 */
  planAt(number: number): Plan {
    return this.plans.get(sizeAt(this.config, number, this.steps))!;
  }

  get plan(): Plan {
    return this.planAt(this.steps);
  }

  /** @throws FacegradError `bad-input` for settings that do not fit the data, `limit` or `out-of-memory` from the GPU */
  static async prepare(
    gpu: Gpu,
    network: Network,
    config: TrainConfig,
    data: ImageSet | SequenceSet,
    { onProgress }: PrepareOptions = {},
  ): Promise<TrainingStep> {
    const sampler = new Sampler(data, config.batch, config.seed, config.sampling);
    const storage = new Storage(gpu);
    const plans = new Map<number, Plan>();
    try {
      let made: RecordedStep | undefined;
      for (const [, size] of config.sizes ?? [[0, network.config.size]]) {
        if (plans.has(size)) continue;
        made = recordStep(gpu, network, config, data, size, made);
        plans.set(size, await Plan.compile(made.tape, storage, { onProgress }));
      }
      const recorded = made!;
      recorded.bank.upload(storage);
      const alpha = classWeights(config.loss.alpha, countLabels(data));
      storage.write(recorded.alpha, Float32Array.from(alpha));
      network.initialize(storage, config.seed);
      return new TrainingStep(network, config, data, storage, plans, sampler, recorded);
    } catch (error) {
      for (const plan of plans.values()) plan.dispose();
      storage.dispose();
      throw error;
    }
  }

  /** Writes what a step needs: its items and numbers. @param number from 1 */
  write(number: number, learningRate: number): void {
    const { recorded, storage, data, sampler, config } = this;
    const { seed, mixup } = config;
    const share = mixup ? mixupShare(seed, number, mixup) : 1;
    const numbers = { seed, number, learningRate, share };
    recorded.buffer.write(storage, data, sampler.items(number), numbers);
  }

  dispose(): void {
    for (const plan of this.plans.values()) plan.dispose();
    this.storage.dispose();
  }
}
