/** `docs/results.md`, out of what stands in `experiments/` and `docs/results/`. */
import { CORRUPTIONS } from '../src/data/corrupt';
import { metricsOf, type Metrics } from '../src/train/metrics';
import { deviation, mean, wilson } from '../src/train/statistics';
import {
  LIVE,
  type Comparison,
  type Experiment,
  type Results,
  type Row,
  type Variant,
} from './experiment';

const HEAD = `# Results

Every figure of the paper and every system that it names, run again. This page is made of \`experiments/*.json\` (what is run) and
\`docs/results/*.json\` (what came out, with the prediction for every image) by \`npm run experiments -- --page\`; a test keeps it so.

Unless a section says otherwise, accuracies are of PublicTest's 3,589 images, in percent, without test-time averaging but in the column that
says _mirror_. Nothing was chosen on them: choices are made on a tenth of Training that the run does not learn (\`--validation held\`), and the
weights are those of the last epoch or their moving average. The exception is \`models/small.safetensors\`, whose epoch was chosen on PublicTest. _Without copies_ leaves out the images that are in Training too; _6 masked_ leaves neutral images
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

const shortP = (p: number) => (p < 1e-4 ? p.toExponential(1) : p.toFixed(4));

const MCNEMAR =
  'McNemar on the same images: _b_ only the first has right, _c_ only the second; corrected after Holm.';

function tested({ pair, seed, b, c, p, corrected }: Comparison): string {
  return cells([pair.join(' – '), seed, b, c, shortP(p), shortP(corrected)]);
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

/** Accuracy on spoilt pictures, and what was lost of that on the pictures as they are. */
function spoiled(
  experiment: Experiment,
  { spoilt = [], spoiltComparisons = [] }: Results,
): string[] {
  const { id, title, text, variants, corruptions = [] } = experiment;
  const of = (variant: string, corruption: string, level: number) =>
    spoilt.find(
      (row) => row.variant === variant && row.corruption === corruption && row.level === level,
    );
  const tables = corruptions.flatMap((corruption) => {
    const { unit, levels } = CORRUPTIONS[corruption];
    const lines = variants.map(({ name }) => {
      const clean = of(name, 'none', 0);
      const found = levels.map((_, i) => {
        const row = of(name, corruption, i + 1);
        if (!row || !clean) return '';
        const change = 100 * (row.accuracy - clean.accuracy);
        return `${percent(row.accuracy)} (${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)})`;
      });
      return cells([name, clean ? percent(clean.accuracy) : '', ...found]);
    });
    return table([`${corruption}, ${unit}`, 'as they are', ...levels.map(signed)], lines);
  });
  const tests = spoiltComparisons.map(({ pair, corruption, level, b, c, p, corrected }) => {
    const where = `${corruption} ${signed(CORRUPTIONS[corruption].levels[level - 1])}`;
    return cells([pair.join(' – '), where, b, c, shortP(p), shortP(corrected)]);
  });
  const runs = variants.flatMap(({ name, weights = '' }) => {
    const row = of(name, 'none', 0);
    if (!row) return [];
    const { runtime, adapter, commit = 'unknown', data } = row;
    return [cells([name, weights, row.weights.slice(0, 12), runtime, adapter, commit, data])];
  });
  return [
    `## ${title}`,
    '',
    text,
    '',
    ...tables,
    ...(tests.length > 0
      ? [MCNEMAR, '', ...table(['pair', 'where', 'b', 'c', 'p', 'corrected'], tests)]
      : []),
    `\`npm run experiments -- --only ${id} --data PATH\` measures the weights that ship.`,
    '',
    ...(runs.length > 0
      ? table(['run', 'weights', 'SHA-256', 'runtime', 'adapter', 'commit', 'data'], runs)
      : []),
  ];
}

/** How fast Live is, by adapter. */
function realTime({ title, text }: Experiment, { live = [] }: Results): string[] {
  const lines = live.map((row) =>
    cells([
      row.weights,
      row.faces,
      row.framesPerSecond.toFixed(1),
      row.latency.toFixed(0),
      row.adapter,
      row.browser,
      row.processor,
      row.commit ?? 'unknown',
    ]),
  );
  const titles = ['weights', 'faces', 'frames/s', 'ms to the label', 'adapter', 'browser'];
  return [
    `## ${title}`,
    '',
    text,
    '',
    ...table([...titles, 'processor', 'commit'], lines),
    `\`${LIVE}\` measures it where it runs.`,
    '',
  ];
}

/** Folds added up, over seeds. */
function folded(experiment: Experiment, { folds: rows = [], comparisons }: Results): string[] {
  const { id, title, text, variants, seeds, folds = 1, budget } = experiment;
  const lines = variants.map(({ name, paper = '–', published = '–', expect = '–' }) => {
    const own = rows.filter(({ variant }) => variant === name);
    const whole = [...new Set(own.map(({ seed }) => seed))]
      .map((seed) => own.filter((row) => row.seed === seed))
      .filter((parts) => parts.length === folds);
    if (whole.length === 0) return cells([name, paper, '', '', '', '', '', '', expect, published]);
    const added = whole.map((parts) => {
      const confusion = parts[0].confusion.map((row, t) =>
        row.map((_, p) => parts.reduce((sum, part) => sum + part.confusion[t][p], 0)),
      );
      return metricsOf(confusion);
    });
    const column = (of: (metrics: Metrics) => number) => {
      const values = added.map((metrics) => 100 * of(metrics));
      const spread = values.length > 1 ? ` ± ${deviation(values).toFixed(2)}` : '';
      return `${mean(values).toFixed(2)}${spread}`;
    };
    const [first] = added;
    const [low, high] = wilson(Math.round(first.accuracy * first.images), first.images);
    const sure = whole.length === 1 ? ` (${percent(low)} to ${percent(high)})` : '';
    const minutes = mean(whole.map((parts) => parts.reduce((sum, part) => sum + part.minutes, 0)));
    return cells([
      name,
      paper,
      column(({ accuracy }) => accuracy) + sure,
      column(({ meanRecall }) => meanRecall),
      first.images,
      whole.length,
      own[0].epoch || 'not trained',
      minutes.toFixed(1),
      expect,
      published,
    ]);
  });
  const notes = variants.flatMap(({ name, note }) => (note ? [`- _${name}_: ${note}`] : []));
  const titles = ['system', 'paper', 'accuracy', 'mean recall', 'sequences', 'seeds', 'epochs'];
  const runs = new Map(
    rows.map(({ variant, seed, runtime, adapter, commit = 'unknown' }) => {
      const facts = [variant, seed, runtime, adapter, commit];
      return [facts.join(), cells(facts)];
    }),
  );
  return [
    `## ${title}`,
    '',
    text,
    '',
    ...table([...titles, 'minutes', 'expected', 'published'], lines),
    ...(notes.length > 0 ? [...notes, ''] : []),
    ...(comparisons.length > 0
      ? [
          MCNEMAR,
          '',
          ...table(['pair', 'seed', 'b', 'c', 'p', 'corrected'], comparisons.map(tested)),
        ]
      : []),
    `\`npm run experiments -- --only ${id} --data ${experiment.data === 'synthetic-pairs' ? experiment.data : 'PATH'}\`, ${seeds.length} seeds, ${folds > 1 ? `${folds} folds by subject, ` : ''}at most ${budget} minutes each on two cores.`,
    '',
    ...(runs.size > 0
      ? table(['run', 'seed', 'runtime', 'adapter', 'commit'], [...runs.values()])
      : []),
  ];
}

const signed = (level: number) => String(level).replace('-', '−');

function section(experiment: Experiment, results: Results): string[] {
  if (experiment.counts) return counted(experiment, results);
  if (experiment.folds) return folded(experiment, results);
  if (experiment.corruptions) return spoiled(experiment, results);
  if (experiment.live) return realTime(experiment, results);
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
  if (experiment.embeddings) {
    const measured = experiment.embeddings.map((name) => {
      const own = of(name).filter(({ embedding }) => embedding);
      if (own.length === 0) return cells([name, '', '', '', '']);
      const column = (key: 'within' | 'between') =>
        mean(own.map(({ embedding }) => embedding![key])).toFixed(3);
      const ratio = mean(own.map(({ embedding: e }) => e!.between / e!.within)).toFixed(3);
      const near = over(own, ({ embedding }) => embedding!.neighbours);
      return cells([name, near, column('within'), column('between'), ratio]);
    });
    parts.push(
      'The embeddings, at length 1: the share right of the 5 nearest neighbours among the images learnt, and mean distances on PublicTest.',
      '',
      ...table(['system', '5 neighbours', 'within classes', 'between classes', 'ratio'], measured),
    );
  }
  if (comparisons.length > 0) {
    parts.push(
      MCNEMAR,
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

/** Where the table of weights stands in `models/README.md`. */
const SHIPPED = /(<!-- npm run experiments -- --page -->\n)[\s\S]*?(<!-- end -->)/;

/** `models/README.md` with its table of the weights that an experiment measured and that ship. */
export function modelsPage(
  text: string,
  experiments: Experiment[],
  read: (id: string) => Results,
): string {
  const lines = experiments.flatMap(({ id, variants, seeds }) =>
    variants.flatMap(({ name, weights }) => {
      const row = read(id).rows.find(({ variant, seed }) => variant === name && seed === seeds[0]);
      if (!weights || !row) return [];
      const { model } = row.settings;
      const recalls = row.confusion.map((of, c) =>
        ((100 * of[c]) / of.reduce((a, b) => a + b, 0)).toFixed(0),
      );
      const file = weights.replace(/^models\//, '');
      return [
        {
          classes: model.classes,
          cells: [
            `\`${file}\``,
            name,
            percent(row.accuracy),
            percent(row.meanRecall),
            ...recalls,
            row.commit ?? 'unknown',
          ],
        },
      ];
    }),
  );
  const classes = lines[0]?.classes ?? [];
  const titles = ['file', 'system', 'accuracy', 'mean recall', ...classes, 'commit'];
  const made = table(
    titles,
    lines.map(({ cells: values }) => cells(values)),
  );
  return text.replace(
    SHIPPED,
    (_, begin: string, end: string) => `${begin}\n${made.join('\n')}\n${end}`,
  );
}
