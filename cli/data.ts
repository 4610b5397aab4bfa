import {
  blankImages,
  classCounts,
  crossSplitDuplicates,
  duplicates,
  SPLITS,
  type ImageSet,
  type SequenceSet,
  type Split,
} from '../src/data/dataset';
import { command, integer, parse } from './command';
import { percent } from './progress';
import { wholeOf, openData, splitName, SYNTHETIC } from './source';

interface Options {
  data: string;
  fold: number;
  json: boolean;
}

/** `npm run data`: what is in a data set (the paper's table 1). No GPU is used. */
export async function main(argv: string[]): Promise<number> {
  const program = command('data', 'Counts classes per split, duplicates and blank images.')
    .option('--data <path>', `as for train: a path, or ${SYNTHETIC.join(', ')}`, 'synthetic')
    .option(
      '--fold <n>',
      'which fifth to hold out: of the subjects, or of the pictures by class',
      integer(0),
      0,
    )
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const { data, fold, json } = program.opts<Options>();
  const spec = { ...wholeOf(data), fold };
  const { kind, sets, notes } = await openData(spec);
  const splits = SPLITS.filter((split) => sets[split]);

  const facts = splits.map((split) => ({ split, ...describe(sets[split]!) }));
  const { classes } = sets[splits[0]]!;
  const columns = [
    ...facts.map(({ split, counts }) => ({ title: split, counts })),
    { title: 'all', counts: classes.map((_, c) => sum(facts.map(({ counts }) => counts[c]))) },
  ];
  for (const note of notes) console.log(note);
  if (notes.length > 0) console.log('');
  console.log(countsTable(classes, columns));
  for (const fact of facts) {
    const { split, blank, duplicate: d, unit } = fact;
    const contradicting = d.contradictory
      ? ` (${d.contradictory} with different labels, ${d.contradictoryImages} images)`
      : '';
    const name = splitName(kind, split);
    const title = name === split ? split : `${split} (${name})`;
    console.log(`\n${title}: ${sum(fact.counts)} ${unit}, ${fact.size}`);
    console.log(
      `  identical in every pixel: ${d.surplus} surplus copies in ${d.groups} groups${contradicting}`,
    );
    console.log(`  blank: ${blank.length}${blank.length ? ` (${short(blank)})` : ''}`);
  }
  const copies = pairs(splits).map(([a, b]) => {
    const { indices, sameLabel } = crossSplitDuplicates(sets[a]!, sets[b]!);
    return { from: a, to: b, images: indices.length, sameLabel };
  });
  if (copies.length > 0) console.log('');
  for (const { from, to, images, sameLabel } of copies) {
    console.log(
      `${to} contains ${images} images of ${from}, ${sameLabel} of them with the same label`,
    );
  }
  if (json) {
    const lists = facts.map(({ split, counts, blank, duplicate }) => {
      return [split, { counts, blank, duplicates: duplicate }];
    });
    console.log(
      JSON.stringify({ data, classes, splits: Object.fromEntries(lists), copies, notes }),
    );
  }
  return 0;
}

function describe(set: ImageSet | SequenceSet) {
  const sequences = 'sequences' in set;
  const labels = sequences ? Uint8Array.from(set.sequences, ({ label }) => label) : set.labels;
  return {
    unit: sequences ? `sequences of up to ${set.length} frames` : 'images',
    size: `${set.width}x${set.height}`,
    counts: classCounts({ labels, classes: set.classes }),
    blank: blankImages(set),
    duplicate: duplicates(set),
  };
}

/** Counts and shares, a column a split. */
function countsTable(
  classes: readonly string[],
  columns: { title: string; counts: number[] }[],
): string {
  const width = Math.max(...classes.map((name) => name.length), 5) + 1;
  const cells = (counts: number[], c: number) =>
    `${counts[c]}`.padStart(8) + percent(counts[c] / Math.max(1, sum(counts))).padStart(8);
  const titles = columns.map(({ title }) => title.slice(0, 18).padStart(18)).join('');
  return [
    ''.padEnd(width) + titles,
    ...classes.map(
      (name, c) =>
        name.padEnd(width) + columns.map(({ counts }) => `  ${cells(counts, c)}`).join(''),
    ),
    'all'.padEnd(width) +
      columns.map(({ counts }) => `${sum(counts)}`.padStart(10) + ''.padEnd(8)).join(''),
  ].join('\n');
}

function pairs(splits: Split[]): [Split, Split][] {
  return splits.flatMap((a, i) => splits.slice(i + 1).map((b): [Split, Split] => [a, b]));
}

function short(indices: number[]): string {
  const shown = indices.slice(0, 12).join(', ');
  return indices.length > 12 ? `number ${shown}, …` : `number ${shown}`;
}

function sum(counts: number[]): number {
  return counts.reduce((a, b) => a + b, 0);
}
