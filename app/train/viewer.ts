/** Looks into a training: the batch as the network sees it, filters, feature maps, GPU time. */
import type { ImageSet, SequenceSet } from '../../src/data/dataset';
import type { Gpu } from '../../src/gpu/device';
import { kernelGroup } from '../../src/kernels/groups';
import { createNetwork } from '../../src/nn/systems';
import { systems } from '../shared/systems';
import { Plan } from '../../src/tape/plan';
import { Storage, type TypedArray } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import type { Value } from '../../src/tape/value';
import { ImageBank, itemLabels, Sampler, StepBuffer } from '../../src/train/batches';
import type { TrainConfig } from '../../src/train/config';
import { softmax } from '../../src/train/metrics';
import { TrainingStep } from '../../src/train/step';
import type { Trainer } from '../../src/train/trainer';
import { augment, AUGMENTATION, NO_AUGMENTATION } from '../../src/vision/augmentation';
import { canny, distanceTransform, preprocess } from '../../src/vision/preprocess';
import { arithmeticOf, BlocksTape, elements, type Block } from './blocks';
import { picturesOf, stills } from './data';
import type { FeatureMaps, FromWorker, Pictures, Pixel } from './protocol';

type Message<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

/** Pictures of the batch that are shown. */
const SHOWN = 8;
/** Maps shown of each block. */
const MOST_MAPS = 16;

interface Recorded {
  plan: Plan;
  storage: Storage;
  bank: ImageBank;
  buffer: StepBuffer;
}

/** Small plans beside the training's own; they change nothing of it. */
export class Viewer {
  readonly #sampler: Sampler;
  #batch?: Recorded & { rows: { name: string; value: Value }[] };
  #features?: Recorded & { layers: Layer[]; logits: Value };

  constructor(
    private readonly trainer: Trainer,
    private readonly data: { training: ImageSet | SequenceSet; shown: ImageSet | SequenceSet },
  ) {
    const { batch, seed, sampling } = trainer.config;
    this.#sampler = new Sampler(data.training, batch, seed, sampling);
  }

  /** The first pictures of a step's batch: augmented as the network got them, and preprocessed. */
  async batch(step: number): Promise<Message<'batch'>> {
    const { training } = this.data;
    const { config } = this.trainer;
    const set = stills(training, this.#sampler.items(step).slice(0, SHOWN));
    this.#batch ??= await recordBatch(this.trainer.gpu, config, set);
    const { plan, storage, bank, buffer, rows } = this.#batch;
    write(storage, bank, set);
    const items = Array.from({ length: set.count }, (_, i) => i);
    buffer.write(storage, set, items, { seed: config.seed, number: step, learningRate: 0 });
    plan.run();
    const size = config.model.size;
    const pictures = await Promise.all(
      rows.map(async ({ name, value }) => ({
        name,
        pictures: bytes(await plan.read(value), size, name === 'distance' ? size / 8 : 255),
      })),
    );
    return {
      type: 'batch',
      step,
      labels: Array.from(set.labels, (label) => set.classes[label]),
      rows: pictures,
    };
  }

  /** The first convolution of each stream, the same range of weights for all filters. */
  async filters(): Promise<Message<'filters'>> {
    const tensors = await this.trainer.model.export(this.trainer.storage);
    const first = tensors.filter(({ shape }) => shape.length === 4 && shape[1] === 1);
    const streams = this.trainer.config.model.streams.flatMap((name) => {
      const weight = first.find((t) => t.name.includes(`.${name}.`)) ?? first[0];
      if (!weight) return []; // it does not begin with a convolution
      const [, , height, width] = weight.shape;
      const largest = weight.data.reduce((max, w) => Math.max(max, Math.abs(w)), 1e-9);
      const pixels = Uint8Array.from(weight.data, (w) => Math.round(127.5 * (1 + w / largest)));
      return [{ name, filters: { width, height, pixels } }];
    });
    return { type: 'filters', streams };
  }

  /** What the blocks make of one picture, what the network says of it, and the numbers behind a pixel. */
  async features(image: number, pixel?: Pixel): Promise<Message<'features'>> {
    const { shown } = this.data;
    const index = Math.min(image, itemLabels(shown).length - 1);
    const set = stills(shown, [index]);
    this.#features ??= await recordFeatures(this.trainer, set);
    const { plan, storage, bank, buffer, layers, logits } = this.#features;
    write(storage, bank, set);
    buffer.write(storage, set, [0], { seed: 0, number: 1, learningRate: 0 });
    plan.run();
    // All that is read is asked for at once: with the next step the weights are others.
    const { block, stream } = (pixel && layers.at(pixel.layer)) ?? {};
    const read = (value: Value) =>
      value.root.role === 'temporary' ? plan.read(value) : storage.read(value);
    const [scores, arithmetic, ...data] = await Promise.all([
      plan.read(logits),
      block && arithmeticOf(block, stream!, pixel!, read),
      ...layers.map(({ value }) => plan.read(value)),
    ]);
    return {
      type: 'features',
      image: index,
      label: set.labels[0],
      picture: picturesOf(set),
      probabilities: softmax(scores),
      layers: layers.map(({ name, value, stream, block }, i): FeatureMaps => ({
        name,
        maps: maps(data[i], value, stream),
        open: block !== undefined,
      })),
      arithmetic,
    };
  }

  dispose(): void {
    for (const recorded of [this.#batch, this.#features]) recorded?.plan.dispose();
    // The features' plan reads the training's own weights, which stay.
    this.#batch?.storage.dispose();
  }
}

async function recordBatch(gpu: Gpu, { model, augmentation }: TrainConfig, set: ImageSet) {
  const storage = new Storage(gpu);
  const bank = new ImageBank(set);
  const buffer = new StepBuffer(set.count, 1);
  const tape = new Tape(gpu.capabilities);
  const raw = augment(
    tape,
    { images: bank.images, indices: buffer.indices, step: buffer.step },
    { ...AUGMENTATION, ...augmentation },
    { source: set, size: model.size, views: 1, sequence: false, random: true },
  );
  const edges = canny(tape, raw, model.preprocess?.edges);
  const rows = [
    { name: 'raw', value: raw },
    { name: 'equalized', value: preprocess(tape, raw, 'equalized', model.preprocess) },
    { name: 'edges', value: preprocess(tape, raw, 'edges', model.preprocess) },
    { name: 'distance', value: distanceTransform(tape, edges, 'euclidean') },
  ];
  const plan = await Plan.compile(tape, storage, { keep: rows.map(({ value }) => value) });
  return { plan, storage, bank, buffer, rows };
}

/** What one stream of a block gives. */
interface Layer {
  name: string;
  value: Value;
  stream: number;
  /** Where it can be taken apart. */
  block?: Block;
}

async function recordFeatures({ gpu, model, storage }: Trainer, set: ImageSet) {
  const bank = new ImageBank(set);
  const buffer = new StepBuffer(1, 1);
  const tape = new BlocksTape(gpu.capabilities);
  const images = augment(
    tape,
    { images: bank.images, indices: buffer.indices, step: buffer.step },
    NO_AUGMENTATION,
    { source: set, size: model.config.size, views: 1, sequence: false, random: false },
  );
  const { logits } = model.forward(tape, images, 1, { training: false, step: buffer.step });
  const made = (kernels: RegExp) =>
    tape.dispatches.filter(({ kernel }) => kernels.test(kernel.name)).map(({ values }) => values.y);
  const pooled = made(/^(bn_relu_pool|max_pool|pool2d)\./);
  const shown = (pooled.length > 0 ? pooled : made(/^conv/)).filter(isMaps).slice(0, 3);
  const { streams } = model.config;
  const layers = shown.flatMap((value, b): Layer[] => {
    const block = tape.blocks.find(({ y }) => y === value);
    return streams
      .slice(0, value.shape.length === 5 ? value.shape[0] : 1)
      .map((name, stream) => ({ name: `${name}, block ${b + 1}`, value, stream, block }));
  });
  const inner = layers.flatMap(({ block }) => (block ? [block.x, block.sums] : []));
  const plan = await Plan.compile(tape, storage, { keep: [...shown, ...inner, logits] });
  return { plan, storage, bank, buffer, layers, logits };
}

function write(storage: Storage, bank: ImageBank, { images }: ImageSet): void {
  const words = new Uint8Array(bank.images.bytes);
  words.set(images);
  storage.write(bank.images, words);
}

/** Values from 0 to `white` as bytes. */
function bytes(data: TypedArray, size: number, white: number): Pictures {
  const pixels = Uint8Array.from(data, (x) => Math.min(255, (255 * x) / white));
  return { width: size, height: size, pixels };
}

/** Whether y is feature maps of one picture: [G, 1, C, H, W] or [1, C, H, W]. */
const isMaps = ({ shape }: Value) => shape.length === 5 || shape.length === 4;

/** One stream's channels of a value, each from black to its own white. */
function maps(data: TypedArray, value: Value, stream: number): Pictures {
  const [channels, height, width] = value.shape.slice(-3);
  const at = elements(data, value);
  const count = Math.min(channels, MOST_MAPS);
  const pixels = new Uint8Array(count * height * width);
  for (let c = 0; c < count; c++) {
    let most = 1e-9;
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) most = Math.max(most, at(stream, c, y, x));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        pixels[(c * height + y) * width + x] = Math.max(0, (255 * at(stream, c, y, x)) / most);
      }
    }
  }
  return { width, height, pixels };
}

/** GPU time of one training step by group, taken on a twin so that the training itself is as it was. */
export async function profileStep(
  gpu: Gpu,
  config: TrainConfig,
  training: ImageSet | SequenceSet,
): Promise<Message<'profile'>> {
  const items = new Sampler(training, config.batch, config.seed, config.sampling).items(1);
  const stillConfig =
    config.model.frames.mode === 'sequence'
      ? { ...config, model: { ...config.model, frames: { mode: 'still' as const, count: 1 } } }
      : config;
  const set = stills(training, items);
  const model = createNetwork(stillConfig.model, systems, config.requiresGrad);
  const step = await TrainingStep.prepare(gpu, model, stillConfig, set);
  const { plan } = step;
  try {
    step.write(1, 1e-4);
    plan.run();
    const { method, steps } = await plan.profile();
    const kernels = new Map<string, number>();
    for (const { kernel, ms } of steps) kernels.set(kernel, (kernels.get(kernel) ?? 0) + ms);
    const groups: Message<'profile'>['groups'] = [];
    for (const [kernel, ms] of kernels) {
      if (ms <= 0) continue;
      const name = kernelGroup(kernel);
      const group = groups.find((each) => each.name === name);
      if (!group) groups.push({ name, ms, kernel });
      else {
        if (ms > kernels.get(group.kernel)!) group.kernel = kernel;
        group.ms += ms;
      }
    }
    return { type: 'profile', method, groups, dispatches: steps.length, batch: config.batch };
  } finally {
    step.dispose();
  }
}
