/** What trained networks still recognize in spoilt pictures: an experiment without a training. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { corrupt } from '../src/data/corrupt';
import type { ImageSet } from '../src/data/dataset';
import { fingerprint } from '../src/data/fingerprint';
import { measure, predict } from '../src/train/predictions';
import { compare, holm } from '../src/train/statistics';
import { openModel } from '../tools/own_model';
import {
  bytesOf,
  readResults,
  type Bench,
  type Experiment,
  type SpoiltComparison,
  type SpoiltRow,
} from './experiment';
import { gitCommit, readWhole, writeWhole } from './files';
import { probabilitiesOf } from './probabilities';
import { percent } from './progress';

/**
 * Measures each variant's shipped weights on the pictures as they are (level 0) and spoilt. What is there
 * of the same weights and data is not done again; false if it was stopped.
 */
export async function measureSpoilt(
  experiment: Experiment,
  test: ImageSet,
  results: string,
  { runtime, command, interrupt }: Bench,
): Promise<boolean> {
  const { id, variants, corruptions = [] } = experiment;
  const path = join(results, `${id}.json`);
  const { systems } = await openModel();
  const data = fingerprint(test);
  const levels = corruptions.flatMap((corruption) =>
    [1, 2, 3, 4, 5].map((level) => ({ corruption, level })),
  );
  for (const { name: variant, weights } of variants) {
    if (!weights || !existsSync(weights)) {
      console.log(`${id}: ${variant} skipped: ${weights ?? 'its weights file'} does not exist yet`);
      continue;
    }
    const hash = createHash('sha256')
      .update(await readWhole(weights))
      .digest('hex');
    for (const { corruption, level } of [{ corruption: 'none', level: 0 }, ...levels]) {
      const { spoilt: all = [], ...rest } = readResults(id, results);
      // One table never compares two files of weights.
      const spoilt = all.filter(
        (row) => row.variant !== variant || (row.weights === hash && row.data === data),
      );
      const same = (row: SpoiltRow) =>
        row.variant === variant && row.corruption === corruption && row.level === level;
      if (spoilt.some(same)) continue;
      if (interrupt.signal.aborted) return false;
      const { probabilities, adapter } = await probabilitiesOf({
        weights,
        data: level === 0 ? test : corrupt(test, corruption, level),
        systems,
        runtime,
        averaging: 'none',
        batch: 64,
      });
      const made = predict(probabilities, test.classes.length);
      const { accuracy, images } = measure(made, test.labels, test.classes.length);
      console.log(`${id}: ${variant}, ${corruption} ${level}: ${percent(accuracy, 2)}`);
      const predictions = Buffer.from(made).toString('base64');
      const facts = { adapter, runtime, commit: gitCommit(), command, data, weights: hash };
      const row = { variant, corruption, level, accuracy, images, predictions, ...facts };
      const kept = inOrder(experiment, [...spoilt, row]);
      const tested = tests(experiment, kept, test.labels);
      const whole = { ...rest, spoilt: kept, spoiltComparisons: tested };
      await writeWhole(path, `${JSON.stringify(whole, null, 1)}\n`);
    }
  }
  return true;
}

function inOrder({ variants, corruptions = [] }: Experiment, rows: SpoiltRow[]): SpoiltRow[] {
  const place = ({ variant, corruption, level }: SpoiltRow) => {
    const at = variants.findIndex(({ name }) => name === variant);
    return (at * 100 + corruptions.indexOf(corruption) + 1) * 10 + level;
  };
  return rows.sort((a, b) => place(a) - place(b));
}

/** Pairs on the same spoilt pictures, at the first and last level of each corruption. */
function tests(
  { compare: pairs = [], corruptions = [] }: Experiment,
  rows: SpoiltRow[],
  labels: Uint8Array,
): SpoiltComparison[] {
  const found = pairs.flatMap((pair) =>
    corruptions.flatMap((corruption) =>
      [1, 5].flatMap((level) => {
        const [a, b] = pair.map((name) =>
          rows.find(
            (row) => row.variant === name && row.corruption === corruption && row.level === level,
          ),
        );
        if (!a || !b) return [];
        const test = compare(bytesOf(a.predictions), bytesOf(b.predictions), labels);
        return [{ pair, corruption, level, ...test }];
      }),
    ),
  );
  const corrected = holm(found.map(({ p }) => p));
  return found.map((one, i) => ({ ...one, corrected: corrected[i] }));
}
