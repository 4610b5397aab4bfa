import { join, resolve } from 'node:path';
import { openModel } from '../tools/own_model';
import { FacegradError } from '../src/gpu/errors';
import type { ModelConfig } from '../src/nn/systems/cnn_lstm';
import { emptyConfusion, metricsOf, type Metrics } from '../src/train/metrics';
import { deviation, mean } from '../src/train/statistics';
import { command, list, parse, runtimeOption } from './command';
import { writeWhole } from './files';
import { onInterrupt, type Interrupt } from './interrupt';
import { percent } from './progress';
import type { RuntimeName } from './runtime/runtime';
import { openTraining } from './source';
import { addTrainOptions, dataSpec, resolveConfig, type TrainOptions } from './train_options';
import { trainOnce } from './training_run';

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

/** One training of the table. */
interface Cell {
  variant: string;
  seed: number;
  fold: number;
  metrics: Metrics;
  /** That it was trained by. */
  commit?: string;
}

/**
 * `npm run ablate`: trains each variant over seeds (CK+: and over folds), and writes the table. What
 * is there already is not done again, so that an interrupted one goes on by the same command.
 */
export async function main(argv: string[]): Promise<number> {
  const program = addTrainOptions(
    command(
      'ablate',
      'Trains each stream alone, and both with concat and with lstm (on sequences: the last frame and ' +
        'the whole) over several seeds, and writes the table. Run it again to resume.',
    ),
  )
    .option('--seeds <list>', 'one training per seed', list(), ['1', '2', '3'])
    .option(
      '--folds <list>',
      'CK+: which fifths of the subjects to hold out (default: all)',
      list(),
    )
    .option('--out <folder>', 'where runs and table go (default: runs/ablation-<data>)')
    .addOption(runtimeOption())
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const options = program.opts<Options>();
  const interrupt = onInterrupt(() =>
    console.error('\nStopping after this step; run the same command to resume.'),
  );
  try {
    return await ablate(options, ['npm run ablate --', ...argv].join(' '), interrupt);
  } finally {
    interrupt.dispose();
  }
}

async function ablate(options: Options, line: string, interrupt: Interrupt): Promise<number> {
  const { kind, training, held, notes } = await openTraining(dataSpec(options));
  for (const note of notes) console.log(note);
  const variants = 'sequences' in training ? SEQUENCES : STILLS;
  const folds = kind === 'ckplus' ? (options.folds ?? ['0', '1', '2', '3', '4']) : ['0'];
  const folder = options.out ?? join('runs', `ablation-${kind}`);
  const cells: Cell[] = [];
  for (const seed of new Set(options.seeds.map(Number))) {
    for (const fold of folds.map(Number)) {
      for (const variant of variants) {
        const name = `${variant.name}-seed${seed}${folds.length > 1 ? `-fold${fold}` : ''}`;
        console.log(`\n${name}`);
        const given = { ...options, seed, fold };
        const done = await cell(given, variant, join(folder, name), line, interrupt);
        if (!done) {
          console.log(`To resume: ${line}`);
          return 130;
        }
        console.log(`${name}: ${percent(done.metrics.accuracy, 2)} of ${done.metrics.images}`);
        cells.push({ variant: variant.name, seed, fold, ...done });
        await writeWhole(join(folder, 'table.md'), table(cells, variants, line, held));
      }
    }
  }
  console.log(`\n${table(cells, variants, line, held)}`);
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
): Promise<Pick<Cell, 'metrics' | 'commit'> | undefined> {
  const chosen = { ...options, frames: variant.frames ?? options.frames };
  const spec = dataSpec(chosen);
  const { kind, training, validation, held } = await openTraining(spec);
  if (!validation) throw new FacegradError('bad-input', `${options.data} has no publictest split`);
  const model = await openModel(options.model);
  const base = resolveConfig(chosen, kind, training, model);
  const report = await trainOnce({
    folder,
    model: model.path,
    systems: model.systems,
    config: { ...base, model: { ...base.model, ...variant.model } },
    training,
    validation,
    interrupt,
    init: options.init && resolve(options.init),
    command: line,
    spec,
    held,
    runtime: options.runtime,
    half: false,
  });
  return report && { metrics: report.kept!.validation!, commit: report.commit };
}

function table(cells: Cell[], variants: Variant[], line: string, held: string): string {
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
  const commits = [...new Set(cells.map(({ commit }) => commit ?? 'unknown'))];
  return [
    '| variant | seeds | images | accuracy | mean recall | macro F1 |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `The epoch that --keep says of each run, on ${held}` +
      `${folds > 1 ? `, ${folds} folds added up` : ''}; mean ± standard deviation over seeds; ` +
      `no test-time averaging. Trained by commit ${commits.join(', ')}: \`${line}\``,
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

/** In percent: mean ± standard deviation. */
export function meanAndDeviation(values: number[]): string {
  const percents = values.map((value) => 100 * value);
  const spread = values.length > 1 ? ` ± ${deviation(percents).toFixed(2)}` : '';
  return `${mean(percents).toFixed(2)}${spread} %`;
}
