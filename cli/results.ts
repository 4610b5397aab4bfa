/** `docs/results.md`, out of what stands in `experiments/` and `docs/results/`. */
import { deviation, mean, wilson } from '../src/train/statistics';
import type { Comparison, Experiment, Results, Row, Variant } from './experiment';

const HEAD = `# Results

Every figure of the paper and every system that it names, run again. This page is made of \`experiments/*.json\` (what is run) and
\`docs/results/*.json\` (what came out, with the prediction for every image) by \`npm run experiments -- --page\`; a test keeps it so.

All accuracies are of PublicTest's 3,589 images, in percent, without test-time averaging but in the column that says _mirror_. Nothing
was chosen on them: choices are made on a tenth of Training that the run does not learn (\`--validation held\`), and the weights are those
of the last epoch or their moving average. _Without copies_ leaves out the images that are in Training too; _6 masked_ leaves neutral images
out and never answers neutral. Several seeds: mean ± standard deviation; one: the 95 % interval of Wilson. \`fit\` networks are computed, not
trained. _Paper_ is M. Wang's figure, of six classes and an unknown split. Where a row is empty, it has not run yet.
`;

const percent = (share: number) => (100 * share).toFixed(2);

/** Mean and deviation over seeds. */
function over(rows: Row[], of: (row: Row) => number): string {
  const values = rows.map((row) => 100 * of(row));
  return values.length > 1
    ? `${mean(values).toFixed(2)} ± ${deviation(values).toFixed(2)}`
    : values[0].toFixed(2);
}

function interval({ accuracy, images }: Row): string {
  const [low, high] = wilson(Math.round(accuracy * images), images);
  return ` (${percent(low)} to ${percent(high)})`;
}

function line(variant: Variant, rows: Row[]): string {
  const { name, paper = '–', published = '–', expect = '–' } = variant;
  if (rows.length === 0)
    return cells([name, paper, '', '', '', '', '', '', '', '', expect, published]);
  return cells([
    name,
    paper,
    over(rows, (row) => row.accuracy) + (rows.length === 1 ? interval(rows[0]) : ''),
    over(rows, (row) => row.withoutCopies.accuracy),
    over(rows, (row) => row.six.accuracy),
    over(rows, (row) => row.meanRecall),
    over(rows, (row) => row.mirror.accuracy),
    rows.map(({ seed }) => seed).join(', '),
    [...new Set(rows.map(({ epoch }) => epoch || 'fit'))].join(', '),
    mean(rows.map(({ minutes }) => minutes)).toFixed(1),
    expect,
    published,
  ]);
}

const cells = (values: (string | number)[]) => `| ${values.join(' | ')} |`;

function table(titles: string[], lines: string[]): string[] {
  return [cells(titles), cells(titles.map(() => '---')), ...lines, ''];
}

function tested({ pair, seed, b, c, p, corrected }: Comparison): string {
  const shown = (value: number) => (value < 1e-4 ? value.toExponential(1) : value.toFixed(4));
  return cells([pair.join(' – '), seed, b, c, shown(p), shown(corrected)]);
}

/** Rows in percent of the true class. */
function confusion(title: string, counts: number[][], classes: readonly string[]): string[] {
  const lines = counts.flatMap((row, c) => {
    const total = row.reduce((a, b) => a + b, 0);
    return total
      ? [cells([classes[c], ...row.map((n) => ((100 * n) / total).toFixed(1)), total])]
      : [];
  });
  return [title, '', ...table(['', ...classes, 'images'], lines)];
}

/** The paper's table 1 beside what is there. */
function counted(
  { title, text, counts: paper = {} }: Experiment,
  { counts = {} }: Results,
): string[] {
  const classes = Object.keys(paper);
  const row = (name: string, of: Record<string, number>) => {
    const six = classes.map((one) => of[one]);
    return cells([name, ...six, six.reduce((a, b) => a + b, 0), of.neutral ?? '–']);
  };
  const lines = Object.entries(counts).map(([split, of]) => row(split, of));
  const titles = ['split', ...classes, 'six classes', 'neutral'];
  return [
    `## ${title}`,
    '',
    text,
    '',
    ...table(titles, [row('the paper, all splits', paper), ...lines]),
  ];
}

function section(experiment: Experiment, results: Results): string[] {
  if (experiment.counts) return counted(experiment, results);
  const { rows, comparisons } = results;
  const { id, title, text, variants, seeds, budget } = experiment;
  const known = rows.filter(({ variant }) => variants.some(({ name }) => name === variant));
  const titles = [
    'system',
    'paper',
    '7 classes',
    'without copies',
    '6 masked',
    'mean recall',
    'mirror',
  ];
  const of = (name: string) => known.filter(({ variant }) => variant === name);
  const notes = variants.flatMap(({ name, note }) => (note ? [`- _${name}_: ${note}`] : []));
  const lines = variants.map((variant) => line(variant, of(variant.name)));
  const parts = [
    `## ${title}`,
    '',
    text,
    '',
    ...table([...titles, 'seeds', 'epochs', 'minutes', 'expected', 'published'], lines),
    ...(notes.length > 0 ? [...notes, ''] : []),
  ];
  if (comparisons.length > 0) {
    parts.push(
      'McNemar on the same images: _b_ only the first has right, _c_ only the second; corrected after Holm.',
      '',
      ...table(['pair', 'seed', 'b', 'c', 'p', 'corrected'], comparisons.map(tested)),
    );
  }
  if (experiment.matrix) {
    for (const row of known.slice(0, 1)) {
      const { classes } = row.settings.model;
      parts.push(
        ...confusion(`${row.variant}, seed ${row.seed}, 7 classes:`, row.confusion, classes),
        ...confusion('6 masked:', row.confusionSix, classes),
      );
    }
  }
  const runs = known.map(({ variant, seed, adapter, runtime, commit, learnt, data, accuracy }) =>
    cells([
      variant,
      seed,
      percent(accuracy),
      learnt,
      runtime,
      adapter,
      commit ?? 'unknown',
      data.training,
    ]),
  );
  const how = `\`npm run experiments -- --only ${id} --data PATH\`, ${seeds.length} seed${seeds.length === 1 ? '' : 's'}, at most ${budget} minutes each on two cores.`;
  parts.push(how, '');
  const columns = [
    'run',
    'seed',
    '7 classes',
    'images learnt',
    'runtime',
    'adapter',
    'commit',
    'data',
  ];
  if (runs.length > 0) parts.push(...table(columns, runs));
  return parts;
}

/** The whole page. */
export function resultsPage(experiments: Experiment[], results: (id: string) => Results): string {
  const parts = experiments.flatMap((experiment) => section(experiment, results(experiment.id)));
  return [HEAD, ...parts].join('\n').trimEnd() + '\n';
}
