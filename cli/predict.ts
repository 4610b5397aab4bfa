import { existsSync } from 'node:fs';
import { FacegradError } from '../src/gpu/errors';
import { checkSystemConfig } from '../src/nn/systems';
import { openModel } from '../tools/own_model';
import { readWeights } from '../src/train/weights_file';
import { command, parse, runtimeOption } from './command';
import { readImages } from './images';
import { configOption, modelOption, openWeights } from './model';
import { probabilitiesOf } from './probabilities';
import { percent } from './progress';
import type { RuntimeName } from './runtime/runtime';

const DEFAULT_WEIGHTS = 'models/small.safetensors';

interface Options {
  weights: string;
  tta: boolean;
  model?: string;
  config?: string;
  runtime: RuntimeName;
  json: boolean;
}

/** `npm run predict`: the expression in pictures of faces. */
export async function main(argv: string[]): Promise<number> {
  const program = command('predict', 'Prints class probabilities for pictures of faces.')
    .argument('<images...>', 'JPEG, PNG, WebP or BMP, filled by one face')
    .option('--weights <file>', 'a .safetensors file that train wrote', DEFAULT_WEIGHTS)
    .option('--tta', 'average with the mirrored picture', false)
    .addOption(configOption())
    .addOption(modelOption(false))
    .addOption(runtimeOption())
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const options = program.opts<Options>();
  if (options.weights === DEFAULT_WEIGHTS && !existsSync(DEFAULT_WEIGHTS)) {
    throw new FacegradError(
      'bad-input',
      'models/small.safetensors is missing: give a file with --weights (npm run train makes one)',
    );
  }
  const { systems } = await openModel(options.model);
  const weights = await openWeights(options.weights, options.config, systems);
  const { config: shape } = readWeights(weights, options.weights);
  checkSystemConfig(shape, systems); // before anything is opened
  if (shape.frames.mode === 'sequence') {
    throw new FacegradError('bad-input', `${options.weights} takes sequences, not single images`);
  }
  const { classes } = shape;
  const { probabilities } = await probabilitiesOf({
    weights: options.weights,
    config: options.config,
    data: await readImages(program.args, classes),
    systems,
    runtime: options.runtime,
    averaging: options.tta ? 'mirror' : 'none',
    batch: 16,
  });
  const rows = program.args.map((file, i) => ({
    file,
    values: [...probabilities.subarray(i * classes.length, (i + 1) * classes.length)],
  }));
  for (const { file, values } of rows) {
    console.log(file);
    const order = values.map((_, c) => c).sort((a, b) => values[b] - values[a]);
    for (const c of order) {
      const bar = '█'.repeat(Math.round(30 * values[c]));
      console.log(`  ${classes[c].padEnd(10)} ${percent(values[c]).padStart(8)}  ${bar}`);
    }
  }
  if (options.json) {
    const images = rows.map(({ file, values }) => ({
      file,
      class: classes[values.indexOf(Math.max(...values))],
      probabilities: Object.fromEntries(classes.map((name, c) => [name, values[c]])),
    }));
    console.log(JSON.stringify({ images, weights: options.weights, runtime: options.runtime }));
  }
  return 0;
}
