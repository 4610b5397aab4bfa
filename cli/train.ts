import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { openModel } from '../tools/own_model';
import { FacegradError } from '../src/gpu/errors';
import { readCheckpoint } from '../src/train/checkpoint';
import { readWeights } from '../src/train/weights_file';
import { command, parse, runtimeOption } from './command';
import { freeFolder, readWhole } from './files';
import { onInterrupt, type Interrupt } from './interrupt';
import { CHECKPOINT } from './jobs/names';
import type { RuntimeName } from './runtime/runtime';
import { dataPath, openTraining } from './source';
import { addTrainOptions, dataSpec, resolveConfig, type TrainOptions } from './train_options';
import { howToGoOn, readRun, summary, trainRun, type RunInput } from './training_run';

interface Options extends TrainOptions {
  out?: string;
  resume?: string;
  half: boolean;
  runtime: RuntimeName;
  json: boolean;
}

/** `npm run train`: trains and measures on what was held out; without data, on drawn faces. */
export async function main(argv: string[]): Promise<number> {
  const program = addTrainOptions(
    command(
      'train',
      'Trains a network, by default the two-stream CNN-LSTM; without --data, on drawn faces.',
    ),
  )
    .option(
      '--out <folder>',
      'where weights, checkpoint and log go (default: a new folder in runs/)',
    )
    .option('--resume <folder>', 'resume the run in this folder; --epochs may be raised')
    .option('--half', 'save the weights as float16', false)
    .addOption(runtimeOption())
    .option('--json', 'end standard output with one line of JSON', false);
  const ended = parse(program, argv);
  if (ended !== undefined) return ended;
  const options = program.opts<Options>();
  const interrupt = onInterrupt(() =>
    console.error('\nStopping after this step; press Ctrl-C again to quit at once.'),
  );
  try {
    const isSet = (name: string) => program.getOptionValueSource(name) === 'cli';
    const input = options.resume
      ? await resumed(options, interrupt, isSet)
      : await fresh(options, argv, interrupt);
    console.log(
      `${input.training.name}: ${count(input.training)}` +
        (input.validation ? `; held out: ${count(input.validation)}, ${input.held}` : ''),
    );
    const result = await trainRun(input);
    console.log(`\n${summary(input, result)}`);
    if (result.reason === 'stopped') console.log(howToGoOn(input.folder));
    if (options.json) console.log(JSON.stringify(jsonLine(input, result)));
    return result.reason === 'stopped' ? 130 : 0;
  } finally {
    interrupt.dispose();
  }
}

async function fresh(options: Options, argv: string[], interrupt: Interrupt): Promise<RunInput> {
  const { out, half, runtime } = options;
  if (out && existsSync(out) && readdirSync(out).length > 0) {
    throw new FacegradError(
      'bad-input',
      `${out} is not empty: choose another folder, or resume with --resume ${out}`,
    );
  }
  if (options.freeze && !options.init) {
    throw new FacegradError('bad-input', '--freeze needs --init: frozen layers would stay random');
  }
  const spec = dataSpec(options);
  const model = await openModel(options.model);
  const { kind, training, validation, held, notes } = await openTraining(spec);
  for (const note of notes) console.log(note);
  const init = options.init && resolve(options.init);
  const begun = init ? readWeights(await readWhole(init), init).config : undefined;
  const config = resolveConfig(options, kind, training, model, begun);
  const network = model.chosen?.name ?? options.preset ?? `${config.model.size}px`;
  const name = `${kind}-${network}-seed${config.seed}`;
  return {
    folder: out ?? freeFolder('runs', name),
    command: ['npm run train --', ...argv].join(' '),
    spec,
    held,
    init,
    runtime,
    half,
    model: model.path,
    systems: model.systems,
    config,
    training,
    validation,
    resume: false,
    interrupt,
  };
}

/** The run of a folder; only what may change without changing the run is taken from the options. */
async function resumed(
  options: Options,
  interrupt: Interrupt,
  isSet: (name: string) => boolean,
): Promise<RunInput> {
  const given = options.resume!;
  const folder = given.endsWith('.safetensors') ? dirname(given) : given;
  const run = readRun(folder);
  const spec = isSet('data') ? { ...run.spec, data: dataPath(options.data) } : run.spec;
  const model = await openModel(options.model ?? run.model);
  const { progress } = readCheckpoint(await readWhole(join(folder, CHECKPOINT)), CHECKPOINT);
  const { training, validation, notes } = await openTraining(spec);
  for (const note of notes) console.log(note);
  return {
    ...run,
    folder,
    spec,
    model: model.path,
    systems: model.systems,
    runtime: isSet('runtime') ? options.runtime : run.runtime,
    config: { ...progress.config, epochs: options.epochs ?? progress.config.epochs },
    training,
    validation,
    resume: true,
    interrupt,
  };
}

function count(set: RunInput['training']): string {
  return 'sequences' in set ? `${set.sequences.length} sequences` : `${set.count} images`;
}

function jsonLine(
  { spec, config, held, runtime }: RunInput,
  {
    kept,
    reason,
    step,
    seconds,
    weights,
    checkpoint,
    adapter,
  }: Awaited<ReturnType<typeof trainRun>>,
) {
  const measured = kept?.validation;
  return {
    accuracy: measured?.accuracy,
    split: spec.validation ?? 'publictest',
    held,
    keep: config.keep,
    classes: config.model.classes.length,
    images: measured?.images,
    weights,
    meanRecall: measured?.meanRecall,
    macroF1: measured?.macroF1,
    tta: 'none',
    epoch: kept?.epoch,
    reason,
    step,
    seconds: Math.round(seconds),
    seed: config.seed,
    data: spec.data,
    runtime,
    adapter,
    checkpoint,
  };
}
