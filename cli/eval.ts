import { basename } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { SPLITS, type Split } from '../src/data/dataset';
import { FacegradError } from '../src/gpu/errors';
import { checkSystemConfig } from '../src/nn/systems';
import { openModel } from '../tools/own_model';
import type { TestTimeAveraging } from '../src/train/evaluator';
import { formatConfusion, type Metrics } from '../src/train/metrics';
import { readWeights } from '../src/train/weights_file';
import { command, integer, parse, runtimeOption } from './command';
import { gitCommit, readWhole } from './files';
import { onInterrupt } from './interrupt';
import type { EvaluateJobConfig } from './jobs/evaluate';
import { packImageSet } from './jobs/image_sets';
import { modelOption } from './model';
import { duration, percent, Progress } from './progress';
import { openRuntime } from './runtime/open';
import type { RuntimeName } from './runtime/runtime';
import { dataPath, fitClasses, openData, splitName, SYNTHETIC } from './source';

interface Options {
  weights: string;
  data: string;
  split: Split;
  tta: TestTimeAveraging | true;
  lastFrame: boolean;
  fold: number;
  batch: number;
  model?: string;
  runtime: RuntimeName;
  json: boolean;
}

/** `npm run eval`: measures a weights file on a split. */
export async function main(argv: string[]): Promise<number> {
  const program = command('eval', 'Measures a weights file on a split of a data set.')
    .requiredOption('--weights <file>', 'a .safetensors file that train wrote')
    .option('--data <path>', `as for train: a path, or ${SYNTHETIC.join(', ')}`, 'synthetic')
    .addOption(
      new Option('--split <name>', 'of FER2013, or the held-out persons of other data')
        .choices(SPLITS)
        .default('publictest'),
    )
    .option(
      '--tta [kind]',
      'average over views of each image: mirror, or mirror-shift (ten; the default with --tta)',
      parseAveraging,
      'none',
    )
    .option('--last-frame', 'of sequences, take the last frames alone', false)
    .option(
      '--fold <n>',
      'which fifth is held out: of subjects, of pictures by class',
      integer(0),
      0,
    )
    .option('--batch <n>', 'images at a time', integer(1), 64)
    .addOption(modelOption(false))
    .addOption(runtimeOption())
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const options = program.opts<Options>();
  const averaging = options.tta === true ? 'mirror-shift' : options.tta;
  const { split, lastFrame, fold, batch } = options;

  const { systems } = await openModel(options.model);
  const weights = await readWhole(options.weights);
  const { config: network } = readWeights(weights, options.weights);
  checkSystemConfig(network, systems); // before anything is opened
  const { classes } = network;
  const spec = { data: dataPath(options.data), without: [], lastFrame, fold };
  const { kind, sets, notes } = await openData(spec, [split]);
  const found = sets[split];
  if (!found) throw new FacegradError('bad-input', `${options.data} has no split ${split}`);
  const { header, blobs } = packImageSet('data', fitClasses(found, classes, notes));
  for (const note of notes) console.log(note);

  const interrupt = onInterrupt(() => process.exit(130)); // nothing is lost
  const begin = performance.now();
  const progress = new Progress();
  const runtime = await openRuntime(options.runtime, systems, (line) => progress.line(line));
  let metrics: Metrics | undefined;
  let adapter = '';
  try {
    const config: EvaluateJobConfig = {
      data: header,
      weights: basename(options.weights),
      averaging,
      batch,
    };
    const job = { kind: 'evaluate', config, inputs: { ...blobs, weights } };
    for await (const event of runtime.run(job) as AsyncIterable<Record<string, unknown>>) {
      const { type, ready, total, done } = event as Record<string, number>;
      if ((type as unknown) === 'compile') progress.update(ready, total, 'kernels');
      if ((type as unknown) === 'progress') progress.update(done, total, `${done} of ${total}`);
      if ((type as unknown) === 'start') adapter = String(event.adapter);
      if ((type as unknown) === 'metrics') metrics = event as unknown as Metrics;
    }
  } finally {
    progress.stop();
    await runtime.close();
    interrupt.dispose();
  }
  if (!metrics) throw new FacegradError('internal', 'the evaluation ended without a word');
  const { accuracy, images, meanRecall, macroF1 } = metrics;
  const seconds = (performance.now() - begin) / 1000;
  console.log(formatConfusion(metrics.confusion, classes));
  console.log(
    `\naccuracy ${percent(accuracy, 2)} on ${images} of ${found.name} (${splitName(kind, split)}), ` +
      `mean recall ${percent(meanRecall, 2)}, macro F1 ${percent(macroF1, 2)}; ` +
      `test-time averaging: ${averaging}; ${duration(seconds)} in ${runtime.name} on ${adapter}`,
  );
  if (options.json) {
    console.log(
      JSON.stringify({
        accuracy,
        split,
        classes: classes.length,
        images,
        weights: options.weights,
        meanRecall,
        macroF1,
        tta: averaging,
        data: options.data,
        seconds: Math.round(seconds),
        runtime: runtime.name,
        adapter,
        commit: gitCommit(),
        recall: metrics.recall,
        confusion: metrics.confusion,
      }),
    );
  }
  return 0;
}

function parseAveraging(text: string): TestTimeAveraging {
  const kinds: TestTimeAveraging[] = ['none', 'mirror', 'mirror-shift'];
  const kind = kinds.find((kind) => kind === text);
  if (!kind) throw new InvalidArgumentError(`Not one of ${kinds.join(', ')}.`);
  return kind;
}
