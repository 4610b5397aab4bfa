/** Experiments on sequences by subject: every fifth is held out once, and the fifths are added up. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fingerprint } from '../src/data/fingerprint';
import { FacegradError } from '../src/gpu/errors';
import { itemLabels } from '../src/train/batches';
import { sameRun } from '../src/train/checkpoint';
import { measure, predict } from '../src/train/predictions';
import { compare, holm } from '../src/train/statistics';
import { readWeights } from '../src/train/weights_file';
import { openModel } from '../tools/own_model';
import {
  bytesOf,
  readResults,
  settingsOf,
  type Bench,
  type Comparison,
  type Experiment,
  type FoldRow,
  type Variant,
} from './experiment';
import { gitCommit, readWhole, writeWhole } from './files';
import { probabilitiesOf } from './probabilities';
import { percent } from './progress';
import { fitClasses, openTraining, wholeOf } from './source';
import { resolveConfig } from './train_options';
import { trainOnce } from './training_run';

/** Trains and measures what is not there yet; false if it was stopped. */
export async function measureFolds(
  experiment: Experiment,
  seeds: readonly number[],
  variants: readonly Variant[],
  results: string,
  bench: Bench,
): Promise<boolean> {
  const { id, folds = 1 } = experiment;
  for (const seed of seeds) {
    for (const variant of variants) {
      if (variant.untrained && seed !== seeds[0]) continue; // nothing in it is random
      for (let fold = 0; fold < folds; fold++) {
        const kept = readResults(id, results).folds ?? [];
        const row = await measureFold(experiment, variant, seed, fold, kept, bench);
        if (row === 'there') continue;
        if (row === 'stopped') return false;
        console.log(
          `${id}: ${variant.name}, seed ${seed}, fold ${fold + 1} of ${folds}: ${percent(row.accuracy, 2)} of ${row.images}`,
        );
        const place = ({ variant, seed, fold }: FoldRow) =>
          experiment.variants.findIndex(({ name }) => name === variant) * 1e6 + seed * 10 + fold;
        // Folds of other settings, or begun from other weights, are not added to these.
        const stale = (one: FoldRow) =>
          place(one) === place(row) ||
          (one.variant === row.variant && one.seed === row.seed && !isSameRun(one, row));
        const rows = [...kept.filter((one) => !stale(one)), row].sort(
          (a, b) => place(a) - place(b),
        );
        const whole = { rows: [], comparisons: tests(experiment, rows), folds: rows };
        await writeWhole(join(results, `${id}.json`), `${JSON.stringify(whole, null, 1)}\n`);
      }
    }
  }
  return true;
}

/** Whether two began with the same weights and were trained alike, or neither was. */
function isSameRun(
  a: Pick<FoldRow, 'init' | 'settings'>,
  b: Pick<FoldRow, 'init' | 'settings'>,
): boolean {
  if (a.init !== b.init) return false;
  if (!a.settings || !b.settings) return a.settings === b.settings;
  return a.settings.epochs === b.settings.epochs && sameRun(a.settings, b.settings);
}

async function measureFold(
  experiment: Experiment,
  variant: Variant,
  seed: number,
  fold: number,
  kept: readonly FoldRow[],
  bench: Bench,
): Promise<FoldRow | 'there' | 'stopped'> {
  const { runtime, command, interrupt, out } = bench;
  const { name, frames, init, untrained } = variant;
  const spec = { ...wholeOf(bench.data), lastFrame: frames === 'last', fold };
  const { kind, training, validation, held } = await openTraining(spec);
  if (!validation) throw new FacegradError('bad-input', `${bench.data} holds nobody out`);
  const model = await openModel(variant.system);
  const config = resolveConfig(
    { data: bench.data, fold, seed, config: settingsOf(experiment, variant), frames },
    kind,
    training,
    model,
  );
  const begins =
    init &&
    createHash('sha256')
      .update(await readWhole(init))
      .digest('hex');
  const data = { training: fingerprint(training), held: fingerprint(validation) };
  const settings = untrained ? undefined : config;
  const there = kept.some(
    (row) =>
      row.variant === name &&
      row.seed === seed &&
      row.fold === fold &&
      row.data.training === data.training &&
      row.data.held === data.held &&
      isSameRun(row, { init: begins, settings }),
  );
  if (there) return 'there';
  if (interrupt.signal.aborted) return 'stopped';
  const { systems } = model;
  let weights = init;
  let run;
  if (!untrained) {
    const folder = join(out, experiment.id, `${name}-seed${seed}-fold${fold}`);
    const given = { folder, systems, config, training, validation, interrupt, command, spec, held };
    run = await trainOnce({ ...given, init, runtime, half: false });
    if (!run) return 'stopped';
    weights = run.weights;
  }
  if (!weights) throw new FacegradError('bad-input', `${name} needs weights to be measured`);
  const { classes } = readWeights(await readWhole(weights), weights).config;
  const test = fitClasses(validation, classes);
  const asked = { weights, data: test, systems, runtime, averaging: 'none' as const, batch: 64 };
  const { probabilities, adapter } = await probabilitiesOf(asked);
  const predictions = predict(probabilities, classes.length);
  const labels = itemLabels(test);
  const { accuracy, images, meanRecall, confusion } = measure(predictions, labels, classes.length);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    ...{ variant: name, seed, fold, accuracy, images, meanRecall },
    ...{ classes: [...classes], confusion },
    ...{ predictions: text(predictions), labels: text(Uint8Array.from(labels)) },
    learnt: untrained ? 0 : itemLabels(training).length,
    epoch: run?.kept?.epoch ?? 0,
    minutes: (run?.epochs ?? []).reduce((sum, { seconds }) => sum + seconds, 0) / 60,
    ...{ adapter, runtime, commit: run?.commit ?? gitCommit(), command: run?.command ?? command },
    ...{ init: begins, data, settings },
  };
}

/** McNemar over all folds, by seed; only of variants that know the same classes. */
function tests({ compare: pairs = [], folds = 1 }: Experiment, rows: FoldRow[]): Comparison[] {
  const found = pairs.flatMap((pair) => {
    const seeds = new Set(rows.map(({ seed }) => seed));
    return [...seeds].flatMap((seed) => {
      const [a, b] = pair.map((name) =>
        rows.filter((row) => row.variant === name && row.seed === seed),
      );
      if (a.length < folds || b.length < folds) return [];
      const all = (of: FoldRow[], what: 'predictions' | 'labels') =>
        of.flatMap((row) => [...bytesOf(row[what])]);
      const labels = all(a, 'labels');
      if (labels.join() !== all(b, 'labels').join()) return [];
      return [{ pair, seed, ...compare(all(a, 'predictions'), all(b, 'predictions'), labels) }];
    });
  });
  const corrected = holm(found.map(({ p }) => p));
  return found.map((one, i) => ({ ...one, corrected: corrected[i] }));
}
