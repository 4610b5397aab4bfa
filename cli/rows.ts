/** How one run of an experiment becomes a row. */
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { crossSplitDuplicates, type ImageSet } from '../src/data/dataset';
import { fingerprint } from '../src/data/fingerprint';
import { FacegradError } from '../src/gpu/errors';
import type { AnySystem } from '../src/nn/systems';
import { sameRun } from '../src/train/checkpoint';
import { closedForm } from '../src/train/discriminant';
import { classDistances, nearestNeighbours } from '../src/train/neighbours';
import { measure, predict } from '../src/train/predictions';
import type { WeightType } from '../src/train/safetensors';
import { readWeights, weightsFile } from '../src/train/weights_file';
import { compare, holm } from '../src/train/statistics';
import { openModel } from '../tools/own_model';
import { gitCommit, readWhole, writeWhole } from './files';
import { packImageSet } from './jobs/image_sets';
import type { JobEvent, JobFile } from './jobs/job';
import { WEIGHTS } from './jobs/names';
import {
  bytesOf,
  settingsOf,
  type Bench,
  type Comparison,
  type Experiment,
  type Row,
  type Share,
  type Variant,
} from './experiment';
import { embeddingsOf, probabilitiesOf } from './probabilities';
import { openRuntime } from './runtime/open';
import type { RuntimeName } from './runtime/runtime';
import { openData, openTraining, wholeOf, type DataSpec } from './source';
import { resolveConfig } from './train_options';
import { trainOnce, type Report } from './training_run';

/** What an experiment learns and is measured on, opened once for all of its rows. */
export async function openSets({ validation }: Experiment, path: string) {
  const spec: DataSpec = { ...wholeOf(path), validation };
  const source = await openTraining(spec);
  const { sets } = await openData(wholeOf(path), ['training', 'publictest']);
  const { publictest: test, training: whole } = sets;
  if (!test || !whole || 'sequences' in test || 'sequences' in whole) {
    throw new FacegradError('bad-input', `${path} has no pictures in training and publictest`);
  }
  const data = { training: fingerprint(source.training), publictest: fingerprint(test) };
  return { spec, source, test, whole, data };
}

/** One variant and seed, ready to be trained or found to be there. */
export async function prepare(
  experiment: Experiment,
  variant: Variant,
  seed: number,
  bench: Bench,
  sets: Awaited<ReturnType<typeof openSets>>,
) {
  const { kind, training } = sets.source;
  const model = await openModel(variant.system);
  const config = resolveConfig(
    { data: bench.data, fold: 0, seed, config: settingsOf(experiment, variant) },
    kind,
    training,
    model,
  );
  const folder = join(bench.out, experiment.id, `${variant.name}-seed${seed}`);
  return { experiment, variant, seed, ...sets, config, folder, systems: model.systems };
}

export type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Whether a row is of these settings and data. */
export function isOf(row: Row, { variant, seed, config, data }: Prepared): boolean {
  const sameData = row.data.training === data.training && row.data.publictest === data.publictest;
  const sameSettings = row.settings.epochs === config.epochs && sameRun(row.settings, config);
  return row.variant === variant.name && row.seed === seed && sameData && sameSettings;
}

/** Trains what is not trained yet and measures it; undefined if it was stopped. */
export async function makeRow(prepared: Prepared, bench: Bench): Promise<Row | undefined> {
  const { variant, seed, source, config, spec, folder, systems, test, data } = prepared;
  const { training, validation, held } = source;
  const { runtime, command, interrupt } = bench;
  const given = {
    folder,
    systems,
    config,
    training,
    validation,
    interrupt,
    command,
    spec,
    held,
    runtime,
  };
  const fit = closedForm(config.model);
  const report = fit ? await fitted(prepared, bench) : await trainOnce({ ...given, half: false });
  if (!report) return undefined;
  // What ships is what is measured.
  const ships =
    variant.weights && seed === prepared.experiment.seeds[0] ? variant.weights : undefined;
  if (ships) await ship(report.weights, ships, fit ? 'F32' : 'F16');
  const look = (averaging: 'none' | 'mirror') =>
    probabilitiesOf({
      weights: ships ?? report.weights,
      data: test,
      systems,
      runtime,
      averaging,
      batch: 64,
    });
  const { probabilities, adapter } = await look('none');
  await writeWhole(join(folder, PROBABILITIES), new Uint8Array(probabilities.buffer));
  const mirrored = (await look('mirror')).probabilities;
  const weights = ships ?? report.weights;
  return {
    variant: variant.name,
    seed,
    ...accuracies(probabilities, mirrored, prepared),
    ...(prepared.experiment.embeddings?.includes(variant.name) && {
      embedding: await embedded({ weights, systems, runtime, batch: 64 }, prepared),
    }),
    learnt: training.count,
    epoch: report.kept?.epoch ?? 0,
    minutes: fit
      ? report.seconds / 60
      : report.epochs.reduce((sum, { seconds }) => sum + seconds, 0) / 60,
    adapter,
    runtime,
    commit: report.commit,
    command: report.command,
    data,
    settings: config,
  };
}

/** The embeddings of PublicTest, by themselves and beside those of the images that were learnt from. */
async function embedded(
  options: Omit<Parameters<typeof embeddingsOf>[0], 'data'>,
  { source, test }: Prepared,
): Promise<Row['embedding']> {
  const training = source.training as ImageSet;
  const of = async (data: ImageSet) => ({
    rows: await embeddingsOf({ ...options, data }),
    labels: data.labels,
  });
  const [known, asked] = [await of(training), await of(test)];
  const width = asked.rows.length / test.count;
  const made = nearestNeighbours(known, asked, width);
  const { accuracy } = measure(made, test.labels, test.classes.length);
  return { ...classDistances(asked, width), neighbours: accuracy };
}

/** Weights as they ship. Those of a single layer are small enough to stay as they were computed. */
async function ship(from: string, to: string, type: WeightType): Promise<void> {
  const { tensors, config, metadata, provenance } = readWeights(await readWhole(from), from);
  const training = metadata.training ? (JSON.parse(metadata.training) as object) : undefined;
  const facts = { config, training, provenance };
  await writeWhole(to, weightsFile([...tensors.values()], facts, type));
}

const PROBABILITIES = 'publictest.f64';

/** All figures of a row from its probabilities, averaged with the mirror image and not. */
export function accuracies(
  probabilities: Float64Array,
  mirrored: Float64Array,
  { test, whole }: { test: ImageSet; whole: ImageSet },
) {
  const { classes, labels } = test;
  const neutral = classes.indexOf('neutral');
  const predictions = predict(probabilities, classes.length);
  const predictionsSix = predict(probabilities, classes.length, neutral);
  const copies = new Set(crossSplitDuplicates(whole, test).indices);
  const of = (made: Uint8Array, counts?: (i: number) => boolean) =>
    measure(made, labels, classes.length, counts);
  const share = ({ accuracy, images }: Share): Share => ({ accuracy, images });
  const seven = of(predictions);
  const six = of(predictionsSix, (i) => labels[i] !== neutral);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    ...share(seven),
    meanRecall: seven.meanRecall,
    withoutCopies: share(of(predictions, (i) => !copies.has(i))),
    six: share(six),
    mirror: share(of(predict(mirrored, classes.length))),
    confusion: seven.confusion,
    confusionSix: six.confusion,
    predictions: text(predictions),
    predictionsSix: text(predictionsSix),
  };
}

/** The weights of a network that is computed and not trained, as a run of no epochs. */
async function fitted(
  { config, source, folder, systems }: Prepared,
  bench: Bench,
): Promise<Report> {
  const { runtime: name, command } = bench;
  const training = source.training as ImageSet;
  const commit = gitCommit();
  const { header, blobs } = packImageSet('data', training);
  const provenance = { data: training.name, seed: config.seed, commit };
  const job = { kind: 'fit', config: { data: header, train: config, provenance }, inputs: blobs };
  const weights = join(folder, WEIGHTS);
  const begin = performance.now();
  let adapter = '';
  const runtime = await openRuntime(name, systems);
  try {
    for await (const event of runtime.run(job)) {
      if (event.type === 'start') adapter = String((event as JobEvent).adapter);
      if (event.type === 'file') await writeWhole(weights, (event as JobFile).bytes);
    }
  } finally {
    await runtime.close();
  }
  const seconds = (performance.now() - begin) / 1000;
  const fingerprints = { training: fingerprint(training) };
  const run = { reason: 'finished' as const, step: 0, epochs: [], adapter, checkpoint: '' };
  return { ...run, seconds, weights, command, commit, runtime: name, config, fingerprints };
}

/** The comparisons of an experiment, of every seed that both have, and of the probabilities summed where they are still there. */
export function comparisons(
  { id, compare: pairs = [] }: Experiment,
  rows: Row[],
  labels: Uint8Array,
  classes: number,
  out: string,
): Comparison[] {
  const of = (name: string) => rows.filter(({ variant }) => variant === name);
  const found = pairs.flatMap((pair) => {
    const [a, b] = pair.map(of);
    const seeds = a.map(({ seed }) => seed).filter((seed) => b.some((row) => row.seed === seed));
    const at = (list: Row[], seed: number) =>
      bytesOf(list.find((row) => row.seed === seed)!.predictions);
    const each = seeds.map((seed) => ({
      pair,
      seed: seed as number | 'all',
      ...compare(at(a, seed), at(b, seed), labels),
    }));
    const files = pair.map((name) =>
      seeds.map((seed) => join(out, id, `${name}-seed${seed}`, PROBABILITIES)),
    );
    if (seeds.length < 2 || !files.flat().every((file) => existsSync(file))) return each;
    const [first, second] = files.map((own) => predict(summed(own), classes));
    return [...each, { pair, seed: 'all' as const, ...compare(first, second, labels) }];
  });
  const corrected = holm(found.map(({ p }) => p));
  return found.map((one, i) => ({ ...one, corrected: corrected[i] }));
}

function summed(files: string[]): Float64Array {
  const read = files.map((file) => new Float64Array(new Uint8Array(readFileSync(file)).buffer));
  return read[0].map((_, i) => read.reduce((sum, values) => sum + values[i], 0));
}

/** The images on which weights give another class than a row holds. */
export async function differing(
  row: Row | undefined,
  options: { weights: string; test: ImageSet; systems: readonly AnySystem[]; runtime: RuntimeName },
): Promise<{ images: number[]; probabilities: Float64Array; adapter: string }> {
  const { test, ...rest } = options;
  const { probabilities, adapter } = await probabilitiesOf({
    ...rest,
    data: test,
    averaging: 'none',
    batch: 64,
  });
  const kept = bytesOf(row?.predictions ?? '');
  const images = [...predict(probabilities, test.classes.length).entries()]
    .filter(([i, made]) => made !== kept[i])
    .map(([i]) => i);
  return { images, probabilities, adapter };
}
