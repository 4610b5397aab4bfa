/** The Train page's worker: all data, all GPU work and all keeping happen here. */
import shipped from '../../models/small.safetensors?url';
import { EXPRESSIONS } from '../../src/data/dataset';
import { FacegradError } from '../../src/gpu/errors';
import { readCheckpoint } from '../../src/train/checkpoint';
import { readWeights, type Weights } from '../../src/train/weights_file';
import { configFor } from '../../src/train/transfer';
import type { TrainConfig } from '../../src/train/config';
import { createNetwork } from '../../src/nn/systems';
import { keepLatestWeights, latestWeights } from '../shared/latest_weights';
import { systems } from '../shared/systems';
import { describe, drawFaces, readData, recordedFaces, summarize } from './data';
import type { FromWorker, RunRecord, ToWorker } from './protocol';
import { adapterName, type Capabilities } from '../../src/gpu/device';
import { measureSpeed, needOf, secondsOf } from './estimate';
import { Run } from './run';
import { RunStore, type KeptRun, type LoadedData } from './run_store';
import { toConfig } from './settings';
import { openWarm, warmUp } from './warm';

/** A weights file larger than this is none of ours: the paper's network has 20 MB. */
const MOST_WEIGHTS_BYTES = 256 * 2 ** 20;
/** Times that a run is gone on with by itself without getting to its next checkpoint. */
const MOST_RESUMES = 2;

const store = new RunStore();
let data: LoadedData | undefined;
/** Drawn faces can be drawn again and are not stored. */
let drawn: number | undefined;
let weights: { name: string; weights: Weights } | undefined;
let run: Run | undefined;
/** The run that is shown: that one, or the one before, whose network can still be looked into. */
let shown: Run | undefined;
/** Whether this tab is the one that keeps its run: two would overwrite each other's. */
let keeper = false;
/** The run that ended last in this tab, to go on with also where the browser keeps nothing. */
let ended: KeptRun | undefined;

/** What the GPU can do, and how fast it is: floating-point operations a millisecond of a training step. */
let capabilities: Capabilities | undefined;
let speed: Promise<number> | undefined;
/** A GPU below this, half that of a small laptop's, is given a small network. */
const WEAK_SPEED = 50e6;

const post = (message: FromWorker) => postMessage(message);

const kindOf = (error: unknown) => (error instanceof FacegradError ? error.kind : 'unknown');
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

addEventListener('message', ({ data: message }: MessageEvent<ToWorker>) => {
  handle(message).catch((error: unknown) => {
    post({
      type: 'failed',
      kind: kindOf(error),
      message: messageOf(error),
      resumable: ended !== undefined,
    });
  });
});

async function handle(message: ToWorker): Promise<void> {
  switch (message.type) {
    case 'open':
      return open(message.settings);
    case 'draw':
      return load(
        (tell) => drawFaces(message.faces, (done, total) => tell(DRAWING, done, total)),
        message.faces,
      );
    case 'read':
      return load((tell) => readData(message.files, message.photographs, tell));
    case 'recorded':
      return load(() => recordedFaces(message.classes, message.size));
    case 'start':
      return start(message.settings, message.kernel);
    case 'estimate':
      return estimate(message.settings);
    case 'resume':
      return run ? run.resume() : goOn();
    case 'pause':
      return run?.pause();
    case 'stop':
      return run?.stop();
    case 'forget':
      ended = undefined;
      shown?.close();
      shown = undefined;
      if (keeper) await store.clear();
      return;
    case 'weights':
      return giveWeights();
    case 'read-weights':
      return takeWeights(message.file);
    case 'forget-weights':
      weights = undefined;
      return;
    case 'choose':
      return look(message);
  }
}

async function open(settings: RunRecord['settings']): Promise<void> {
  const gpu = await openWarm();
  const { adapter } = gpu;
  capabilities = gpu.capabilities;
  if (!adapter.fallback) speed = measureSpeed(gpu);
  const weak = adapter.fallback || (await speed!) < WEAK_SPEED;
  void warmUp(() => toConfig(settings, EXPRESSIONS)); // while the data is on its way
  keeper = await becomeKeeper();
  // What is kept may be of another version, or the browser may keep nothing: then there is no run.
  const kept = keeper ? await store.run().catch(() => undefined) : undefined;
  const resuming =
    kept !== undefined && kept.record.status === 'running' && kept.resumes < MOST_RESUMES;
  post({
    type: 'opened',
    adapter: adapterName(adapter),
    software: adapter.fallback,
    weak,
    saved: kept?.record,
    resuming,
    keeper,
  });
  if (resuming) await goOn();
}

/** One tab keeps its run. A tab that is just being reloaded holds the lock for a moment longer. */
async function becomeKeeper(): Promise<boolean> {
  const forever = new Promise<never>(() => {});
  return new Promise((resolve) => {
    navigator.locks
      .request('facegrad-run', { signal: AbortSignal.timeout(3000) }, () => {
        resolve(true);
        return forever;
      })
      .catch(() => resolve(false));
  });
}

/** What is being done, and how much of it. */
type Tell = (what: string, done?: number, total?: number) => void;

const DRAWING = 'drawing faces';
let asked = 0;
let loadedLast = 0;

function drawAgain(faces: number): Promise<LoadedData> {
  const tell = (done?: number, total?: number) =>
    post({ type: 'reading', what: DRAWING, done, total });
  tell();
  return drawFaces(faces, tell);
}

/** Takes what is read as the data, unless what was asked for later is there already. */
async function load(
  read: (tell: Tell) => LoadedData | Promise<LoadedData>,
  faces?: number,
): Promise<void> {
  const turn = ++asked;
  const tell: Tell = (what, done, total) => {
    if (turn === asked) post({ type: 'reading', what, done, total });
  };
  tell(faces ? DRAWING : 'reading');
  try {
    const loaded = await read(tell); // what was there stays until this has worked
    if (turn < loadedLast) return;
    loadedLast = turn;
    data = loaded;
    drawn = faces;
    ended = undefined; // it belongs to the data before; the kept run has its own
    post({ type: 'data', data: summarize(loaded) });
  } catch (error) {
    post({ type: 'refused', what: 'data', message: messageOf(error) });
  }
}

async function start(settings: RunRecord['settings'], kernel?: RunRecord['kernel']): Promise<void> {
  if (!data) throw new FacegradError('internal', 'there is no data yet');
  const about: RunRecord['data'] = describe(data);
  const config = configOf(settings, data);
  const record: RunRecord = {
    settings,
    status: 'running',
    step: 0,
    steps: 0,
    log: { training: [], validation: [] },
    mistakes: [],
    data: about,
    time: 0,
    from: weights?.name,
    kernel,
  };
  if (keeper) {
    try {
      await store.clear();
      await store.put('data', drawn ? { kind: 'synthetic', faces: drawn } : data);
    } catch (error) {
      post({ type: 'not-kept', message: messageOf(error) });
    }
  }
  await train(
    new Run({
      config,
      data,
      record,
      weights: weights?.weights,
      store: keeper ? store : undefined,
      post,
    }),
    0,
  );
}

async function estimate(settings: RunRecord['settings']): Promise<void> {
  if (!data || !capabilities) return;
  try {
    const config = configOf(settings, data);
    const need = needOf(capabilities, config, data);
    const most = capabilities.limits.maxStorageBufferBindingSize;
    if (need.largest > most) {
      const [wanted, available] = [need.largest, most].map((bytes) => Math.round(bytes / 2 ** 20));
      const problem = `Too much for this GPU: one buffer would need ${wanted} MiB, and this GPU allows ${available}: choose a smaller batch or network`;
      return post({ type: 'estimate', estimate: { problem } });
    }
    const { bytes } = need;
    post({ type: 'estimate', estimate: { bytes, seconds: speed && secondsOf(need, await speed) } });
    const gpu = await warmUp(() => config, data);
    if (speed || run || !gpu) return;
    // Software compiles slowly, and the step comes first.
    speed = measureSpeed(gpu);
    post({ type: 'estimate', estimate: { bytes, seconds: secondsOf(need, await speed) } });
  } catch (error) {
    if (kindOf(error) === 'device-lost') speed = undefined; // another time
    post({
      type: 'estimate',
      estimate: { problem: `This cannot be trained: ${messageOf(error)}` },
    });
  }
}

function configOf(settings: RunRecord['settings'], set: LoadedData): TrainConfig {
  const { classes, sequenceLength } = describe(set);
  const config = toConfig(settings, classes, sequenceLength);
  if (weights) config.model = configFor(weights.weights.config, set.training);
  return config;
}

/** The run that ended here, or the one that is kept, from its last checkpoint. */
async function goOn(): Promise<void> {
  let kept = ended;
  if (!kept) {
    const [stored, source] = await Promise.all([store.run(), store.data()]);
    if (!stored || !source) {
      throw new FacegradError('bad-input', 'this browser no longer has a saved run');
    }
    await store.put('run', { ...stored, resumes: stored.resumes + 1 });
    kept = stored;
    drawn = 'faces' in source ? source.faces : undefined;
    data = 'faces' in source ? await drawAgain(source.faces) : source;
    post({ type: 'data', data: summarize(data) });
  }
  const { record, checkpoint } = kept;
  const { step, config } = readCheckpoint(checkpoint).progress;
  record.status = 'running';
  const keeping = keeper ? store : undefined;
  await train(new Run({ config, data: data!, record, checkpoint, store: keeping, post }), step);
}

async function train(next: Run, resumed: number): Promise<void> {
  shown?.close();
  run = shown = next;
  const { record } = next;
  ended = undefined;
  post({ type: 'started', resumed, record });
  if (record.mistakes.length > 0) {
    post({ type: 'validation', log: record.log.validation.at(-1)!, ...next.mistakes() });
  }
  try {
    await next.run();
  } finally {
    run = undefined;
    if (next.msPerStep > 0) {
      const { work } = needOf(capabilities!, next.config, data!);
      speed = Promise.resolve(work / next.msPerStep); // what was seen is better than what was guessed
    }
    const { checkpoint } = next;
    if (checkpoint) ended = { record, checkpoint, resumes: 0 };
  }
}

async function look({ image, pixel }: Extract<ToWorker, { type: 'choose' }>): Promise<void> {
  try {
    await shown?.choose(image, pixel);
  } catch (error) {
    // The device of a run that goes on is the run's to mend; that of one that ended is not missed.
    if (kindOf(error) !== 'device-lost') throw error;
  }
}

async function giveWeights(): Promise<void> {
  const file = (await run?.weights()) ?? (await latestWeights())?.file;
  if (!file) {
    return post({ type: 'refused', what: 'weights', message: 'there are no trained weights yet' });
  }
  post({ type: 'weights', file: file as Uint8Array<ArrayBuffer>, name: 'facegrad.safetensors' });
}

async function shippedWeights(): Promise<File> {
  const response = await fetch(shipped);
  if (!response.ok) {
    throw new FacegradError(
      'bad-input',
      `the weights that come with this page could not be loaded (HTTP ${response.status})`,
    );
  }
  return new File([await response.blob()], 'FER2013, pre-trained');
}

async function takeWeights(given?: File): Promise<void> {
  try {
    const file = given ?? (await shippedWeights());
    if (file.size > MOST_WEIGHTS_BYTES) {
      throw new FacegradError(
        'bad-input',
        `${file.name} has ${(file.size / 2 ** 20).toFixed(0)} MB; weights of these networks take less than ${MOST_WEIGHTS_BYTES / 2 ** 20}`,
      );
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    const read = readWeights(bytes, file.name);
    const { size, name, streams, classes } = read.config;
    const network = createNetwork(read.config, systems);
    for (const arena of Object.values(network.arenas)) arena.pack(read.tensors); // throws what does not fit
    if (given) await keepLatestWeights(bytes).catch(() => undefined); // a convenience for the other pages
    weights = { name: file.name, weights: read };
    post({
      type: 'weights-read',
      name: file.name,
      about: `${name}, ${network.parameterCount.toLocaleString('en')} parameters, ${size}×${size}, ${streams.join(' and ')}`,
      classes,
      shipped: !given,
    });
  } catch (error) {
    post({ type: 'refused', what: 'weights', message: messageOf(error) });
  }
}
