import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Option } from 'commander';
import {
  classCounts,
  SPLITS,
  type ImageSet,
  type SequenceSet,
  type Split,
} from '../src/data/dataset';
import { FacegradError } from '../src/gpu/errors';
import { openModel } from '../tools/own_model';
import { command, list, parse, runtimeOption } from './command';
import {
  LIVE,
  readExperiments,
  readResults,
  RESULTS,
  type Bench,
  type Experiment,
  type Results,
  type Row,
} from './experiment';
import { accuracies, comparisons, differing, isOf, makeRow, openSets, prepare } from './rows';
import { writeWhole } from './files';
import { measureFolds } from './folds';
import { onInterrupt } from './interrupt';
import { percent } from './progress';
import { modelsPage, resultsPage } from './results';
import { measureSpoilt } from './robustness';
import type { RuntimeName } from './runtime/runtime';
import { openData, wholeOf } from './source';

const MODELS = 'models/README.md';

interface Options {
  only?: string[];
  variants?: string[];
  seeds?: string[];
  data?: string;
  evaluate?: string;
  split: Split;
  out?: string;
  definitions: string;
  results: string;
  page?: true;
  runtime: RuntimeName;
}

/** `npm run experiments`: the paper's tables and every system that it names, run again. */
export async function main(argv: string[]): Promise<number> {
  const program = command(
    'experiments',
    'Lists the experiments; with --data trains and measures what is not there yet. The same command goes on where it stopped.',
  )
    .option('--only <ids>', 'these experiments', list())
    .option('--variants <names>', 'these of their systems', list())
    .option('--seeds <list>', 'other seeds than the definition has', list())
    .option(
      '--data <path>',
      'FER2013, CK+ or synthetic-pairs, as for train; with --results elsewhere, any pictures with a split',
    )
    .option(
      '--evaluate <path>',
      'measure the shipped weights on this data; nothing is trained or kept',
    )
    .addOption(new Option('--split <name>', 'of --evaluate').choices(SPLITS).default('publictest'))
    .option(
      '--out <path>',
      'a folder for runs (default: runs/experiments); with --evaluate a JSON file',
    )
    .option('--definitions <folder>', 'of experiments', 'experiments')
    .option('--results <folder>', 'where what came out is kept', RESULTS)
    .option('--page', 'write docs/results.md again, of what is kept')
    .addOption(runtimeOption());
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const options = program.opts<Options>();
  const all = readExperiments(options.definitions);
  const unknown = options.only?.find((id) => !all.some((one) => one.id === id));
  if (unknown) {
    const available = all.map(({ id }) => id);
    throw new FacegradError('bad-input', `there is no experiment ${unknown}`, { available });
  }
  const chosen = all.filter(({ id }) => !options.only || options.only.includes(id));
  const names = chosen.flatMap(({ variants }) => variants.map(({ name }) => name));
  const missing = options.variants?.find((name) => !names.includes(name));
  if (missing) {
    throw new FacegradError('bad-input', `there is no variant ${missing}`, { available: names });
  }
  if (options.evaluate) return evaluate(chosen, options, options.evaluate);
  if (options.data) {
    const code = await train(chosen, { ...options, data: options.data }, argv);
    if (code !== 0) return code;
  }
  if (options.data || options.page) {
    const page = resultsPage(all, (id) => readResults(id, options.results));
    await writeWhole(join(options.results, '..', 'results.md'), page);
    if (options.results === RESULTS) {
      const text = await readFile(MODELS, 'utf8');
      await writeWhole(MODELS, modelsPage(text, all, readResults));
    }
  }
  for (const experiment of chosen)
    console.log(listed(experiment, readResults(experiment.id, options.results)));
  return 0;
}

function listed(experiment: Experiment, { rows, spoilt = [], folds: parts = [] }: Results): string {
  const { id, title, budget, seeds, variants, corruptions, folds } = experiment;
  if (experiment.live) return `${id}: ${title}; measured by ${LIVE}`;
  if (folds) {
    const lines = variants.map(({ name, untrained }) => {
      const found = parts.filter(({ variant }) => variant === name).length;
      const wanted = folds * (untrained ? 1 : seeds.length);
      return `  ${name.padEnd(24)} ${found} of ${wanted} folds`;
    });
    return [`${id}: ${title}; seeds ${seeds.join(', ')}, ${budget} minutes a fold`, ...lines].join(
      '\n',
    );
  }
  if (corruptions) {
    const lines = variants.map(({ name, weights = '' }) => {
      const found = spoilt.filter(({ variant }) => variant === name).length;
      return `  ${name.padEnd(24)} ${found} of ${1 + 5 * corruptions.length} measured (${weights})`;
    });
    return [`${id}: ${title}; nothing is trained`, ...lines].join('\n');
  }
  const lines = variants.map(({ name }) => {
    const own = rows.filter(({ variant }) => variant === name);
    const found = own.map(({ seed, accuracy }) => `${percent(accuracy, 2)} (seed ${seed})`);
    return `  ${name.padEnd(24)} ${found.join(', ') || '–'}`;
  });
  return [`${id}: ${title}; seeds ${seeds.join(', ')}, ${budget} minutes each`, ...lines].join(
    '\n',
  );
}

async function train(
  chosen: Experiment[],
  options: Options & { data: string },
  argv: string[],
): Promise<number> {
  const interrupt = onInterrupt(() =>
    console.error('\nStopping after this step; run the same command to resume.'),
  );
  const { data, runtime, out = join('runs', 'experiments') } = options;
  const line = ['npm run experiments --', ...argv].join(' ');
  try {
    const { kind } = await openData(wholeOf(data), ['publictest']);
    for (const experiment of chosen) {
      const wanted = experiment.data ?? 'fer2013';
      const ownStills = options.results !== RESULTS && !experiment.folds && !experiment.data;
      if (wanted !== kind && !ownStills) {
        console.log(`${experiment.id} skipped: it needs ${wanted}, and this is ${kind}`);
        continue;
      }
      // Without the paths of this machine: rows are published.
      const command = `npm run experiments -- --only ${experiment.id} --data PATH --runtime ${runtime}`;
      const bench: Bench = { data, runtime, out, command, interrupt };
      if (experiment.counts) await count(experiment, options);
      if (experiment.corruptions) {
        const test = await publicTest(data);
        if (await measureSpoilt(experiment, test, options.results, bench)) continue;
        console.log(`To resume: ${line}`);
        return 130;
      }
      const seeds = [...new Set((options.seeds ?? experiment.seeds).map(Number))];
      const variants = experiment.variants.filter(
        ({ name }) => !options.variants || options.variants.includes(name),
      );
      if (experiment.folds) {
        if (await measureFolds(experiment, seeds, variants, options.results, bench)) continue;
        console.log(`To resume: ${line}`);
        return 130;
      }
      if (seeds.length === 0) continue; // table 1 is counted alone
      const sets = await openSets(experiment, data);
      for (const seed of seeds) {
        for (const variant of variants) {
          const path = join(options.results, `${experiment.id}.json`);
          const { rows } = readResults(experiment.id, options.results);
          const prepared = await prepare(experiment, variant, seed, bench, sets);
          if (rows.some((row) => isOf(row, prepared))) continue;
          console.log(`\n${experiment.id}: ${variant.name}, seed ${seed}`);
          const row = await makeRow(prepared, bench);
          if (!row) {
            console.log(`To resume: ${line}`);
            return 130;
          }
          console.log(`${percent(row.accuracy, 2)} of ${row.images}`);
          const others = rows.filter((one) => one.variant !== variant.name || one.seed !== seed);
          const kept = inOrder(experiment, [...others, row]);
          const { labels, classes } = prepared.test;
          const tests = comparisons(experiment, kept, labels, classes.length, out);
          const results: Results = { rows: kept, comparisons: tests };
          await writeWhole(path, `${JSON.stringify(results, null, 1)}\n`);
        }
      }
    }
    return 0;
  } finally {
    interrupt.dispose();
  }
}

async function publicTest(data: string): Promise<ImageSet> {
  const { publictest } = (await openData(wholeOf(data), ['publictest'])).sets;
  if (publictest && !('sequences' in publictest)) return publictest;
  throw new FacegradError('bad-input', `${data} has no pictures in publictest`);
}

/** The paper's table 1. */
async function count({ id }: Experiment, { data, results }: Options & { data: string }) {
  const { sets } = await openData(wholeOf(data));
  const of = (set: ImageSet | SequenceSet) => {
    const found = classCounts(set);
    return Object.fromEntries(set.classes.map((name, c) => [name, found[c]]));
  };
  const counts = Object.fromEntries(
    Object.entries(sets).flatMap(([split, set]) => (set ? [[split, of(set)]] : [])), // some have no PrivateTest
  );
  const kept: Results = { rows: [], comparisons: [], counts };
  await writeWhole(join(results, `${id}.json`), `${JSON.stringify(kept, null, 1)}\n`);
}

/** As the definition lists them, so that a file does not depend on the order in which they ran. */
function inOrder({ variants }: Experiment, rows: Row[]): Row[] {
  const place = (row: Row) => variants.findIndex(({ name }) => name === row.variant);
  return rows.sort((a, b) => place(a) - place(b) || a.seed - b.seed);
}

/** Measures every weights file that ships, and says on which images it differs from what is kept. */
async function evaluate(chosen: Experiment[], options: Options, path: string): Promise<number> {
  const { split, runtime } = options;
  const { sets } = await openData(wholeOf(path), ['training', split]);
  const { training: whole } = sets;
  const test = sets[split];
  if (!test || !whole || 'sequences' in test || 'sequences' in whole) {
    throw new FacegradError('bad-input', `${path} has no pictures in training and ${split}`);
  }
  const { systems } = await openModel();
  const found: object[] = [];
  for (const { id, variants } of chosen) {
    for (const { name, weights } of variants) {
      if (!weights || !existsSync(weights)) continue;
      const row = readResults(id, options.results).rows.find(({ variant }) => variant === name);
      const { images, probabilities, adapter } = await differing(row, {
        weights,
        test,
        systems,
        runtime,
      });
      const figures = accuracies(probabilities, probabilities, { test, whole });
      const { accuracy, six, withoutCopies, meanRecall } = figures;
      const differs =
        split === 'publictest' && row
          ? `; other than kept: ${images.length} (${images.join(', ')})`
          : '';
      console.log(`${weights}: ${percent(accuracy, 2)} of ${test.count} on ${adapter}${differs}`);
      found.push({
        id,
        variant: name,
        weights,
        split,
        adapter,
        accuracy,
        meanRecall,
        six,
        withoutCopies,
      });
    }
  }
  if (options.out) await writeWhole(options.out, `${JSON.stringify(found, null, 1)}\n`);
  return 0;
}
