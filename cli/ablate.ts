import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openModel } from '../tools/own_model';
import type { Split } from '../src/data/dataset';
import { FacegradError } from '../src/gpu/errors';
import type { ModelConfig } from '../src/nn/systems/cnn_lstm';
import { emptyConfusion, metricsOf, type Metrics } from '../src/train/metrics';
import type { TrainConfig } from '../src/train/config';
import { readCheckpoint } from '../src/train/checkpoint';
import { command, list, parse, runtimeOption } from './command';
import { gitCommit, readWhole, writeWhole } from './files';
import { onInterrupt, type Interrupt } from './interrupt';
import { CHECKPOINT } from './jobs/names';
import { percent } from './progress';
import type { RuntimeName } from './runtime/runtime';
import { openData, splitName } from './source';
import { addTrainOptions, dataSpec, resolveConfig, type TrainOptions } from './train_options';
import { trainRun, type RunResult } from './training_run';

interface Options extends TrainOptions {
  seeds: string[];
  folds?: string[];
  out?: string;
  runtime: RuntimeName;
  json: boolean;
}

/** One row of the table. */
interface Variant {
  name: string;
  model?: Partial<ModelConfig>;
  frames?: TrainOptions['frames'];
}

/** Of stills: each preprocessing alone, then both, put together in two ways (the paper's table 2). */
const STILLS: Variant[] = [
  { name: 'equalized', model: { streams: ['equalized'] } },
  { name: 'edges', model: { streams: ['edges'] } },
  { name: 'both-concat', model: { streams: ['equalized', 'edges'], fusion: 'concat' } },
  { name: 'both-lstm', model: { streams: ['equalized', 'edges'], fusion: 'lstm' } },
];

/** Of sequences: what time adds to the last frame. */
const SEQUENCES: Variant[] = [
  { name: 'last-frame', frames: 'last' },
  { name: 'sequence', frames: { mode: 'sequence', count: 1 } },
];

const SPLITS: Split[] = ['training', 'publictest'];

/** One training of the table. */
interface Cell {
  variant: string;
  seed: number;
  fold: number;
  metrics: Metrics;
}

/**
 * `npm run ablate`: trains each variant over seeds (CK+: and over folds), and writes the table. What
 * is there already is not done again, so that an interrupted one goes on by the same command.
 */
export async function main(argv: string[]): Promise<number> {
  const program = addTrainOptions(
    command(
      'ablate',
      'Trains each stream alone, both with concat and with lstm (of sequences: the last frame and ' +
        'the whole) over seeds, and writes the table. The same command goes on where it stopped.',
    ),
  )
    .option('--seeds <list>', 'one training each', list(), ['1', '2', '3'])
    .option(
      '--folds <list>',
      'CK+: which fifths of the subjects are held out (default: all)',
      list(),
    )
    .option('--out <folder>', 'for runs and table (default: runs/ablation-<data>)')
    .addOption(runtimeOption())
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const options = program.opts<Options>();
  const interrupt = onInterrupt(() =>
    console.error('\nStopping after this step; the same command goes on from there.'),
  );
  try {
    return await ablate(options, ['npm run ablate --', ...argv].join(' '), interrupt);
  } finally {
    interrupt.dispose();
  }
}

async function ablate(options: Options, line: string, interrupt: Interrupt): Promise<number> {
  const { kind, sets, notes } = await openData(dataSpec(options), ['training']);
  for (const note of notes) console.log(note);
  const variants = sets.training && 'sequences' in sets.training ? SEQUENCES : STILLS;
  const folds = kind === 'ckplus' ? (options.folds ?? ['0', '1', '2', '3', '4']) : ['0'];
  const folder = options.out ?? join('runs', `ablation-${kind}`);
  const cells: Cell[] = [];
  for (const seed of options.seeds.map(Number)) {
    for (const fold of folds.map(Number)) {
      for (const variant of variants) {
        const name = `${variant.name}-seed${seed}${folds.length > 1 ? `-fold${fold}` : ''}`;
        console.log(`\n${name}`);
        const given = { ...options, seed, fold };
        const metrics = await cell(given, variant, join(folder, name), line, interrupt);
        if (!metrics) {
          console.log(`To go on: ${line}`);
          return 130;
        }
        console.log(`${name}: ${percent(metrics.accuracy, 2)} of ${metrics.images}`);
        cells.push({ variant: variant.name, seed, fold, metrics });
        await writeWhole(join(folder, 'table.md'), table(cells, variants, line, kind));
      }
    }
  }
  console.log(`\n${table(cells, variants, line, kind)}`);
  console.log(`written to ${join(folder, 'table.md')}`);
  if (options.json) {
    const rows = cells.map(({ metrics, ...cell }) => ({
      ...cell,
      accuracy: metrics.accuracy,
      images: metrics.images,
    }));
    console.log(
      JSON.stringify({ data: options.data, runs: rows, table: join(folder, 'table.md') }),
    );
  }
  return 0;
}

/** Trains one variant, or takes what is there; undefined if it was stopped. */
async function cell(
  options: Options,
  variant: Variant,
  folder: string,
  line: string,
  interrupt: Interrupt,
): Promise<Metrics | undefined> {
  const chosen = { ...options, frames: variant.frames ?? options.frames };
  const spec = dataSpec(chosen);
  const { kind, sets } = await openData(spec, SPLITS);
  const { training, publictest: validation } = sets;
  if (!training || !validation) {
    throw new FacegradError('bad-input', `${options.data} has no training or no publictest split`);
  }
  const model = await openModel(options.model);
  const base = resolveConfig(chosen, kind, training, model);
  const config: TrainConfig = { ...base, model: { ...base.model, ...variant.model } };
  const done = finished(folder, config);
  if (done) return done;
  const result: RunResult = await trainRun({
    folder,
    model: model.path,
    systems: model.systems,
    config,
    training,
    validation,
    resume: await canResume(folder, config),
    interrupt,
    command: line,
    spec,
    held: splitName(kind, 'publictest'),
    runtime: options.runtime,
    half: false,
  });
  return result.reason === 'stopped' ? undefined : result.kept?.validation;
}

/** The metrics of a run that ended, if it was this one; another one there is an error. */
function finished(folder: string, config: TrainConfig): Metrics | undefined {
  const path = join(folder, 'report.json');
  if (!existsSync(path)) return undefined;
  const report = JSON.parse(readFileSync(path, 'utf8')) as RunResult & { config: TrainConfig };
  if (JSON.stringify(report.config) !== JSON.stringify(config)) {
    throw new FacegradError(
      'bad-input',
      `${folder} holds a run with other settings: name another --out`,
    );
  }
  return report.reason === 'stopped' ? undefined : report.kept?.validation;
}

async function canResume(folder: string, config: TrainConfig): Promise<boolean> {
  const path = join(folder, CHECKPOINT);
  if (!existsSync(path)) return false;
  const { progress } = readCheckpoint(await readWhole(path), path);
  return JSON.stringify(progress.config) === JSON.stringify(config);
}

function table(cells: Cell[], variants: Variant[], line: string, kind: string): string {
  const folds = new Set(cells.map(({ fold }) => fold)).size;
  const rows = variants.flatMap(({ name }) => {
    const own = cells.filter(({ variant }) => variant === name);
    if (own.length === 0) return [];
    // Folds are parts of one measurement: their confusion matrices add up. Seeds are repetitions.
    const seeds = [...new Set(own.map(({ seed }) => seed))];
    const bySeed = seeds.map((seed) => pooled(own.filter((cell) => cell.seed === seed)));
    const column = (of: (metrics: Metrics) => number) => meanAndDeviation(bySeed.map(of));
    return [
      `| ${name} | ${seeds.length} | ${bySeed[0].images} | ${column((m) => m.accuracy)} | ` +
        `${column((m) => m.meanRecall)} | ${column((m) => m.macroF1)} |`,
    ];
  });
  return [
    '| variant | seeds | images | accuracy | mean recall | macro F1 |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `Best epoch of each run, on ${splitName(kind as 'fer2013', 'publictest')}` +
      `${folds > 1 ? `, ${folds} folds added up` : ''}; mean ± standard deviation over seeds; ` +
      `no test-time averaging. Commit ${gitCommit() ?? 'unknown'}: \`${line}\``,
    '',
  ].join('\n');
}

function pooled(cells: Cell[]): Metrics {
  const confusion = emptyConfusion(cells[0].metrics.confusion.length);
  for (const { metrics } of cells) {
    metrics.confusion.forEach((row, t) => row.forEach((n, p) => (confusion[t][p] += n)));
  }
  return metricsOf(confusion);
}

function meanAndDeviation(values: number[]): string {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (values.length < 2) return percent(mean, 2);
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return `${(100 * mean).toFixed(2)} ± ${(100 * Math.sqrt(variance)).toFixed(2)} %`;
}
