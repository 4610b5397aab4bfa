/** One training from a terminal: a runtime, a folder, a bar, Ctrl-C. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageSet, SequenceSet } from '../src/data/dataset';
import { fingerprint } from '../src/data/fingerprint';
import { FacegradError } from '../src/gpu/errors';
import type { AnySystem } from '../src/nn/systems';
import { bestEpoch, readCheckpoint, sameRun, type EpochRecord } from '../src/train/checkpoint';
import type { TrainConfig } from '../src/train/config';
import { recovering, type Recovery } from '../src/train/recovery';
import { formatConfusion, type Metrics } from '../src/train/metrics';
import type { TrainEvent } from '../src/train/events';
import { readWeights } from '../src/train/weights_file';
import { gitCommit, JsonLines, readWhole, writeWhole } from './files';
import type { Interrupt } from './interrupt';
import { packImageSet } from './jobs/image_sets';
import type { Blobs, JobEvent, JobFile } from './jobs/job';
import { CHECKPOINT, INIT, WEIGHTS } from './jobs/names';
import type { TrainJobConfig } from './jobs/train';
import { duration, percent, Progress } from './progress';
import { openRuntime } from './runtime/open';
import type { RuntimeName } from './runtime/runtime';
import type { DataSpec } from './source';

/** What a run's folder says of it, so that `--resume` needs only the folder. */
export interface RunFile {
  version: 1;
  command: string;
  spec: DataSpec;
  /** What the validation set is, for a person. */
  held: string;
  /** The weights that it begins with. */
  init?: string;
  runtime: RuntimeName;
  half: boolean;
  /** The file of a network of one's own. */
  model?: string;
}

export interface RunInput extends Omit<RunFile, 'version'> {
  folder: string;
  systems: readonly AnySystem[];
  config: TrainConfig;
  training: ImageSet | SequenceSet;
  validation?: ImageSet | SequenceSet;
  /** Go on from the folder's checkpoint. */
  resume: boolean;
  interrupt: Interrupt;
}

/** What a run came to. */
export interface RunResult {
  reason: 'finished' | 'stopped' | 'patience';
  step: number;
  epochs: EpochRecord[];
  /** The epoch whose weights the file holds. */
  kept?: EpochRecord;
  adapter: string;
  seconds: number;
  weights: string;
  checkpoint: string;
}

/**
 * Trains, and writes into the folder: `run.json`, `log.jsonl`, `checkpoint.safetensors`,
 * `weights.safetensors`, `report.json` and `report.md`. Goes on by itself when the device is lost.
 */
export async function trainRun(input: RunInput): Promise<RunResult> {
  const { folder, config, training, validation, interrupt } = input;
  mkdirSync(folder, { recursive: true });
  const { command, spec, held, init, runtime, half, model } = input;
  const run: RunFile = { version: 1, command, spec, held, init, runtime, half, model };
  await writeWhole(join(folder, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
  const log = new JsonLines(join(folder, 'log.jsonl'));
  const checkpoint = input.resume ? await readWhole(join(folder, CHECKPOINT)) : undefined;
  log.add({ type: 'run', command, commit: gitCommit(), config, resumed: input.resume });

  const state: State = {
    checkpoint,
    epochs: checkpoint ? [...readCheckpoint(checkpoint).progress.epochs] : [],
    adapter: '',
    steps: 0,
  };
  const packed = packImageSet('training', training);
  const packedValidation = validation && packImageSet('validation', validation);
  const jobConfig: TrainJobConfig = {
    training: packed.header,
    validation: packedValidation?.header,
    train: config,
    provenance: { data: training.name, seed: config.seed, commit: gitCommit(), init },
    half,
  };
  const inputs: Blobs = { ...packed.blobs, ...packedValidation?.blobs };
  if (init && !input.resume) {
    inputs[INIT] = await readWhole(init);
    const { classes } = readWeights(inputs[INIT], init).config;
    if (classes.join() !== config.model.classes.join()) {
      console.log(`${init} was trained on ${classes.join(', ')}: the last layer starts anew.`);
    }
  }
  const begin = performance.now();
  const recovery: Recovery = {
    checkpoint: () => state.checkpoint,
    stopped: () => interrupt.signal.aborted,
    onLost(error) {
      if (!state.checkpoint) throw error;
      log.add({ type: 'error', message: error.message });
      console.error(`${error.message}: resuming from the last checkpoint`);
      state.epochs = [...readCheckpoint(state.checkpoint).progress.epochs];
    },
  };
  try {
    const attempts = recovering(() => attempt(input, jobConfig, inputs, state), recovery);
    for await (const event of attempts) if (event.type !== 'compile') log.add(event);
    if (!state.done) throw new FacegradError('internal', 'the training ended without a result');
  } catch (error) {
    log.add({ type: 'error', message: (error as Error).message });
    if (existsSync(join(folder, CHECKPOINT))) console.error(howToGoOn(folder));
    throw error;
  }
  const result: RunResult = {
    reason: state.done.reason,
    step: state.done.step,
    epochs: state.epochs,
    kept: config.keep === 'best' ? bestEpoch(state.epochs) : state.epochs.at(-1),
    adapter: state.adapter,
    seconds: (performance.now() - begin) / 1000,
    weights: join(folder, WEIGHTS),
    checkpoint: join(folder, CHECKPOINT),
  };
  await writeReport(input, result);
  return result;
}

interface State {
  checkpoint?: Uint8Array;
  epochs: EpochRecord[];
  adapter: string;
  steps: number;
  done?: Extract<TrainEvent, { type: 'done' }>;
}

/** The job, once, to its end or to an error; yields its events. */
async function* attempt(
  { folder, runtime: name, systems, resume, interrupt }: RunInput,
  config: TrainJobConfig,
  data: Blobs,
  state: State,
): AsyncGenerator<TrainEvent> {
  const inputs = { ...data };
  if (state.checkpoint) inputs[CHECKPOINT] = state.checkpoint;
  const progress = new Progress();
  const runtime = await openRuntime(name, systems, (line) => progress.line(line));
  const begin = { step: 0, time: 0 };
  try {
    for await (const told of runtime.run({ kind: 'train', config, inputs }, interrupt.signal)) {
      if (isFile(told)) {
        await writeWhole(join(folder, told.name), told.bytes);
        if (told.name === CHECKPOINT) state.checkpoint = told.bytes;
        continue;
      }
      const event = told as unknown as TrainEvent;
      switch (event.type) {
        case 'compile':
          progress.update(event.ready, event.total, `kernels ${event.ready} of ${event.total}`);
          break;
        case 'start': {
          const { parameters, dispatches, adapter, steps, step } = event;
          Object.assign(begin, { step, time: performance.now() });
          Object.assign(state, { adapter, steps });
          progress.line(
            `${(parameters / 1e6).toFixed(2)} million parameters, ${dispatches} dispatches per step, ` +
              `${steps} steps in ${config.train.epochs} epochs, in ${name === 'chrome' ? 'Chrome' : 'Node'} on ${adapter}`,
          );
          if (step > 0 && resume) progress.line(`resuming after step ${step}`);
          progress.update(step, steps, 'first step');
          break;
        }
        case 'step': {
          const perStep = (performance.now() - begin.time) / (event.step - begin.step) / 1000;
          const left = duration(perStep * (state.steps - event.step));
          progress.update(
            event.step,
            state.steps,
            `step ${event.step}/${state.steps}  epoch ${event.epoch}  loss ${event.loss.toFixed(3)}  ` +
              `accuracy ${percent(event.accuracy)}  ${event.imagesPerSecond.toFixed(0)} images/s  ${left} left`,
          );
          break;
        }
        case 'epoch': {
          const { epoch, loss, accuracy, seconds, validation, best } = event;
          const record: EpochRecord = { epoch, loss, accuracy, seconds, validation };
          state.epochs.push(record);
          progress.line(epochLine(record, best));
          break;
        }
        case 'left':
          progress.line(`begun from the seed, as the weights lack it: ${event.tensors.join(', ')}`);
          break;
        case 'done':
          state.done = event;
          break;
      }
      yield event;
    }
  } finally {
    progress.stop();
    await runtime.close();
  }
}

function isFile(told: JobEvent | JobFile): told is JobFile {
  return told.type === 'file';
}

function epochLine({ epoch, loss, accuracy, seconds, validation }: EpochRecord, best: boolean) {
  const held = validation
    ? `, held out ${percent(validation.accuracy)}${best ? ' (best so far)' : ''}`
    : '';
  return `epoch ${epoch}: loss ${loss.toFixed(3)}, training ${percent(accuracy)}${held}, ${duration(seconds)}`;
}

export function howToGoOn(folder: string): string {
  return `To resume: npm run train -- --resume ${folder}`;
}

/** What a finished or stopped run came to, for a person. */
export function summary(input: RunInput, { kept, seconds, weights }: RunResult): string {
  const how = {
    best: 'the best of them there',
    last: 'the last',
    ema: 'the moving average at its end',
  };
  const lines: string[] = [];
  if (kept?.validation) {
    const { accuracy, images, meanRecall, macroF1, confusion } = kept.validation;
    lines.push(
      formatConfusion(confusion, input.config.model.classes),
      '',
      `accuracy ${percent(accuracy, 2)} on ${images} of ${input.held} (epoch ${kept.epoch}, ${how[input.config.keep]}), ` +
        `mean recall ${percent(meanRecall, 2)}, macro F1 ${percent(macroF1, 2)}`,
    );
  }
  lines.push(`${duration(seconds)}; weights in ${weights}`);
  return lines.join('\n');
}

/** What `report.json` holds. */
export interface Report extends RunResult {
  command: string;
  commit?: string;
  runtime: RuntimeName;
  config: TrainConfig;
  fingerprints: { training: string; validation?: string };
}

/**
 * The report of a run in its folder: taken as it is where it is finished, gone on with where it was cut off. Undefined if
 * it is stopped. @throws FacegradError `bad-input` where the folder holds a run with other settings or data
 */
export async function trainOnce(input: Omit<RunInput, 'resume'>): Promise<Report | undefined> {
  const { folder, config, training, validation } = input;
  const fingerprints = fingerprintsOf(training, validation);
  const check = (other: TrainConfig, data: Partial<Report['fingerprints']> = {}) => {
    const same =
      data.training === fingerprints.training && data.validation === fingerprints.validation;
    if (same && other.epochs === config.epochs && sameRun(other, config)) return;
    throw new FacegradError(
      'bad-input',
      `${folder} holds a run with other ${same ? 'settings' : 'data'}: name another --out, or remove it`,
    );
  };
  const path = join(folder, 'report.json');
  const read = () => JSON.parse(readFileSync(path, 'utf8')) as Report;
  const checkpoint = join(folder, CHECKPOINT);
  if (existsSync(path)) {
    const report = read();
    check(report.config, report.fingerprints);
    if (report.reason !== 'stopped') return report;
  }
  const resume = existsSync(checkpoint);
  if (resume) {
    const { progress } = readCheckpoint(await readWhole(checkpoint), checkpoint);
    check(progress.config, progress.data);
  }
  const { reason } = await trainRun({ ...input, resume });
  return reason === 'stopped' ? undefined : read();
}

function fingerprintsOf(
  training: RunInput['training'],
  validation: RunInput['validation'],
): Report['fingerprints'] {
  return { training: fingerprint(training), validation: validation && fingerprint(validation) };
}

/** The run on a page: what it was, its curve, its confusion matrix. */
async function writeReport(input: RunInput, result: RunResult): Promise<void> {
  const { folder, command, config, runtime, training, validation } = input;
  const commit = gitCommit();
  const report: Report & Record<'data' | 'validation', string | undefined> = {
    command,
    commit,
    runtime,
    data: training.name,
    validation: validation?.name,
    fingerprints: fingerprintsOf(training, validation),
    config,
    ...result,
  };
  await writeWhole(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const cell = (metrics: Metrics | undefined) => (metrics ? percent(metrics.accuracy, 2) : '–');
  const lines = [
    `# ${training.name}, seed ${config.seed}`,
    '',
    '```',
    command,
    '```',
    '',
    `${result.adapter}, in ${runtime === 'chrome' ? 'Chrome' : 'Node'}; commit ${commit ?? 'unknown'}; ` +
      `${result.reason} at step ${result.step}; no test-time averaging.`,
    '',
    '| epoch | loss | training accuracy | accuracy held out | seconds |',
    '| --- | --- | --- | --- | --- |',
    ...result.epochs.map(
      ({ epoch, loss, accuracy, seconds, validation }) =>
        `| ${epoch} | ${loss.toFixed(4)} | ${percent(accuracy, 2)} | ${cell(validation)} | ${seconds.toFixed(0)} |`,
    ),
    '',
    '```',
    summary(input, result),
    '```',
    '',
  ];
  await writeWhole(join(folder, 'report.md'), lines.join('\n'));
}

/** Reads the run of a folder that `--resume` names. */
export function readRun(folder: string): RunFile {
  const path = join(folder, 'run.json');
  if (!existsSync(path) || !existsSync(join(folder, CHECKPOINT))) {
    throw new FacegradError('bad-input', `${folder} has no run to resume`);
  }
  return JSON.parse(readFileSync(path, 'utf8')) as RunFile;
}
