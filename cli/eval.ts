import { InvalidArgumentError, Option } from 'commander';
import { corrupt, CORRUPTIONS } from '../src/data/corrupt';
import {
  crossSplitDuplicates,
  SPLITS,
  subset,
  type ImageSet,
  type SequenceSet,
  type Split,
} from '../src/data/dataset';
import { fingerprint } from '../src/data/fingerprint';
import { FacegradError } from '../src/gpu/errors';
import { checkSystemConfig } from '../src/nn/systems';
import { openModel } from '../tools/own_model';
import type { TestTimeAveraging } from '../src/train/evaluator';
import { formatConfusion } from '../src/train/metrics';
import { measure, predict } from '../src/train/predictions';
import { readWeights } from '../src/train/weights_file';
import { command, integer, parse, runtimeOption } from './command';
import { itemLabels } from '../src/train/batches';
import { gitCommit, writeWhole } from './files';
import { onInterrupt } from './interrupt';
import { configOption, modelOption, openWeights } from './model';
import { probabilitiesOf } from './probabilities';
import { duration, percent } from './progress';
import type { RuntimeName } from './runtime/runtime';
import { fitClasses, openData, splitName, SYNTHETIC, wholeOf } from './source';

interface Options {
  weights: string;
  data: string;
  split: Split;
  tta: TestTimeAveraging | true;
  lastFrame: boolean;
  fold: number;
  batch: number;
  classes?: '6' | '7';
  withoutCopies: boolean;
  predictions?: string;
  corrupt?: { name: string; level: number };
  model?: string;
  config?: string;
  runtime: RuntimeName;
  json: boolean;
}

/** `npm run eval`: measures a weights file on a split. */
export async function main(argv: string[]): Promise<number> {
  const program = command('eval', 'Evaluates a weights file on one split of a data set.')
    .requiredOption('--weights <file>', 'a .safetensors file that train wrote')
    .option('--data <path>', `as for train: a path, or ${SYNTHETIC.join(', ')}`, 'synthetic')
    .addOption(
      new Option('--split <name>', 'of FER2013; other data: the held-out persons')
        .choices(SPLITS)
        .default('publictest'),
    )
    .option(
      '--tta [kind]',
      'average over views of each image: mirror, or mirror-shift (ten views; the default)',
      parseAveraging,
      'none',
    )
    .addOption(
      new Option(
        '--classes <n>',
        '6: neutral images are left out, and neutral is never chosen',
      ).choices(['6', '7']),
    )
    .option('--without-copies', 'leave out the images that are in the training split too', false)
    .option('--predictions <file>', 'write the predicted class of every image, as JSON')
    .option(
      '--corrupt <name:level>',
      `spoil the images first, level 1 to 5: ${Object.keys(CORRUPTIONS).join(', ')}`,
      parseCorruption,
    )
    .option('--last-frame', 'use only the last frame of each sequence', false)
    .option(
      '--fold <n>',
      'which fifth to hold out: of the subjects, or of the pictures by class',
      integer(0),
      0,
    )
    .option('--batch <n>', 'images at a time', integer(1), 64)
    .addOption(configOption())
    .addOption(modelOption(false))
    .addOption(runtimeOption())
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const options = program.opts<Options>();
  const averaging = options.tta === true ? 'mirror-shift' : options.tta;
  const { split, lastFrame, fold, batch } = options;

  const { systems } = await openModel(options.model);
  const weights = await openWeights(options.weights, options.config, systems);
  const { config: network } = readWeights(weights, options.weights);
  checkSystemConfig(network, systems); // before anything is opened
  const { classes } = network;
  const spec = { ...wholeOf(options.data), lastFrame, fold };
  const never = options.classes === '6' ? classes.indexOf('neutral') : undefined;
  if (never === -1) throw new FacegradError('bad-input', 'the weights do not know neutral');
  const { kind, sets, notes } = await openData(
    spec,
    options.withoutCopies ? ['training', split] : [split],
  );
  const found = sets[split];
  if (!found) throw new FacegradError('bad-input', `${options.data} has no split ${split}`);
  const measured = options.withoutCopies ? unseen(sets.training, found) : found;
  let data = fitClasses(measured, classes, notes);
  if (options.corrupt) data = corrupt(data, options.corrupt.name, options.corrupt.level);
  for (const note of notes) console.log(note);

  const interrupt = onInterrupt(() => process.exit(130)); // nothing is lost
  const begin = performance.now();
  const { weights: path, config, runtime } = options;
  const asked = { weights: path, config, data, systems, runtime, averaging, batch };
  const { probabilities, adapter } = await probabilitiesOf(asked).finally(() =>
    interrupt.dispose(),
  );
  const predictions = predict(probabilities, classes.length, never);
  const labels = itemLabels(data);
  const metrics = measure(predictions, labels, classes.length, (i) => labels[i] !== never);
  const { accuracy, images, meanRecall, macroF1 } = metrics;
  const seconds = (performance.now() - begin) / 1000;
  console.log(formatConfusion(metrics.confusion, classes));
  console.log(
    `\naccuracy ${percent(accuracy, 2)} on ${images} of ${data.name} (${splitName(kind, split)}), ` +
      `mean recall ${percent(meanRecall, 2)}, macro F1 ${percent(macroF1, 2)}; ` +
      `test-time averaging: ${averaging}; ${duration(seconds)} in ${runtime} on ${adapter}`,
  );
  const facts = {
    accuracy,
    split,
    classes: classes.length - (never === undefined ? 0 : 1),
    withoutCopies: options.withoutCopies,
    corrupt: options.corrupt,
    images,
    weights: path,
    meanRecall,
    macroF1,
    tta: averaging,
    data: options.data,
    seconds: Math.round(seconds),
    runtime,
    adapter,
    commit: gitCommit(),
    recall: metrics.recall,
    confusion: metrics.confusion,
  };
  if (options.predictions) {
    const file = {
      ...facts,
      names: classes,
      fingerprint: fingerprint(data),
      predictions: Buffer.from(predictions).toString('base64'),
    };
    await writeWhole(options.predictions, `${JSON.stringify(file)}\n`);
  }
  if (options.json) console.log(JSON.stringify(facts));
  return 0;
}

function parseAveraging(text: string): TestTimeAveraging {
  const kinds: TestTimeAveraging[] = ['none', 'mirror', 'mirror-shift'];
  const kind = kinds.find((kind) => kind === text);
  if (!kind) throw new InvalidArgumentError(`Not one of ${kinds.join(', ')}.`);
  return kind;
}

function parseCorruption(text: string): { name: string; level: number } {
  const [name, level] = text.split(':');
  if (CORRUPTIONS[name]?.levels[Number(level) - 1] !== undefined)
    return { name, level: Number(level) };
  throw new InvalidArgumentError(
    `Not one of ${Object.keys(CORRUPTIONS).join(', ')}, with :1 to :5.`,
  );
}

/** The images that are not in the training split, pixel for pixel. */
function unseen(
  training: ImageSet | SequenceSet | undefined,
  set: ImageSet | SequenceSet,
): ImageSet {
  if (!training || 'sequences' in set) {
    throw new FacegradError(
      'bad-input',
      `${set.name}: --without-copies needs pictures and a training split`,
    );
  }
  const copies = new Set(crossSplitDuplicates(training, set).indices);
  const kept = Array.from({ length: set.count }, (_, i) => i).filter((i) => !copies.has(i));
  return subset(set, kept, `${set.name} without copies`);
}
