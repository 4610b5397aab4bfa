/** The Train page's session: what the worker is sent, and what its messages change. */
import { batch, effect } from '@preact/signals';
import { saveFile } from '../shared/save_file';
import { keepOwnKernel } from '../shared/own_kernel';
import type { ErrorKind } from '../../src/gpu/errors';
import type { EpochRecord } from '../../src/train/checkpoint';
import { applyHash, chosen, refit, takeOver } from './choices';
import type { FromWorker, PickedFile, Pixel, RunRecord, ToWorker } from './protocol';
import { FACES, toHash } from './settings';
import {
  adapter,
  batchView,
  classes,
  compiling,
  data,
  estimate,
  features,
  filters,
  fromWeights,
  guesses,
  kept,
  kernel,
  log,
  memory,
  metrics,
  mistakes,
  network,
  news,
  phase,
  photographs,
  pixel,
  profile,
  reading,
  resumable,
  saved,
  settings,
  software,
  status,
  training,
  weak,
} from './state';

type Message<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

let worker: Worker | undefined;
const send = (message: ToWorker) => worker?.postMessage(message);

/** Starts the worker, and reads the settings from the link. */
export function open(): void {
  applyHash();
  addEventListener('hashchange', applyHash);
  effect(() => {
    const hash = toHash(settings.value, [...chosen.value]);
    const url = hash ? `#${hash}` : location.pathname + location.search;
    if (location.hash.slice(1) !== hash) history.replaceState(null, '', url);
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const wanted = settings.value;
    const ready = data.value && !reading.value && !training.value;
    void fromWeights.value; // brings a network of its own
    clearTimeout(timer);
    // A number is typed digit by digit.
    if (ready) timer = setTimeout(() => send({ type: 'estimate', settings: wanted }), 200);
  });
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) =>
    batch(() => receive(data)),
  );
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    failed('unknown', event.message || 'the worker could not be started', resumable.value);
  });
  send({ type: 'open', settings: settings.value });
}

export function draw(): void {
  // At once, not when the worker says so: a button that could be pressed in between would do nothing.
  reading.value = { type: 'reading', what: 'drawing faces' };
  send({ type: 'draw', faces: Number(settings.value[FACES.key]) });
}

export function read(files: PickedFile[]): void {
  const weights = files.find(({ path }) => path.toLowerCase().endsWith('.safetensors'));
  news.value = undefined;
  if (weights) startFrom(weights.file);
  else if (files.length > 0) {
    reading.value = { type: 'reading', what: 'reading' };
    send({ type: 'read', files, photographs: photographs.value });
  }
}

export interface RecordedClass {
  name: string;
  frames: Uint8Array[];
}

/** Pictures from the camera, size x size, as the data. */
export function learnRecorded(classes: RecordedClass[], size: number): void {
  send({ type: 'recorded', classes, size });
}

export function start(): void {
  news.value = undefined;
  saved.value = undefined;
  wantsStart = true;
  const faces = Number(settings.value[FACES.key]);
  const has = data.value?.training.reduce((a, b) => a + b, 0);
  if (!data.value || (data.value.kind === 'synthetic' && has !== faces)) draw();
  else startNow();
}

/** Start was pressed; the data is on its way. */
let wantsStart = false;

function startNow(): void {
  wantsStart = false;
  send({ type: 'start', settings: settings.value, kernel: kernel.value });
}

export function pause(): void {
  phase.value = 'pausing';
  send({ type: 'pause' });
}

export function goOn(): void {
  news.value = undefined;
  saved.value = undefined;
  send({ type: 'resume' });
}

export function stop(): void {
  phase.value = 'stopping';
  send({ type: 'stop' });
}

/** Throws away the run that waits, or that ended. */
export function forget(): void {
  saved.value = undefined;
  resumable.value = false;
  send({ type: 'forget' });
  clear();
  phase.value = 'idle';
}

export function download(): void {
  send({ type: 'weights' });
}

/** Takes weights to start from: a file's, or those that come with the page. */
export function startFrom(file?: File): void {
  news.value = undefined;
  reading.value = { type: 'reading', what: 'loading weights' };
  send({ type: 'read-weights', file });
}

/** Random weights, from the next start on. */
export function startFromNothing(): void {
  fromWeights.value = undefined;
  refit();
  send({ type: 'forget-weights' });
}

/** The file as it is, from the next start on. */
export function forgetKernel(): void {
  kernel.value = undefined;
  keepOwnKernel(undefined);
}

/** The picture whose feature maps are shown. */
export function choose(image: number): void {
  send({ type: 'choose', image, pixel: pixel.value });
}

/** The pixel of a feature map that is taken apart. */
export function takeApart(chosen?: Pixel): void {
  pixel.value = chosen;
  send({ type: 'choose', image: features.value?.image ?? 0, pixel: chosen });
}

function clear(): void {
  status.value = undefined;
  log.value = { training: [], validation: [] };
  metrics.value = undefined;
  batchView.value = undefined;
  filters.value = undefined;
  features.value = undefined;
  pixel.value = undefined;
  mistakes.value = undefined;
  profile.value = undefined;
  kept.value = undefined;
}

function show(record: RunRecord): void {
  classes.value = record.data.classes;
  log.value = record.log;
  metrics.value = record.metrics && {
    metrics: record.metrics,
    epoch: record.log.validation.length,
  };
  const last = record.log.training.at(-1);
  status.value = {
    step: record.step,
    steps: record.steps,
    epoch: 0,
    epochs: Number(record.settings.epochs),
    loss: last?.loss ?? NaN,
    accuracy: last?.accuracy ?? NaN,
    imagesPerSecond: 0,
    secondsLeft: NaN,
    time: record.time,
  };
}

function receive(message: FromWorker): void {
  switch (message.type) {
    case 'opened':
      adapter.value = message.adapter;
      software.value = message.software;
      weak.value = message.weak;
      phase.value = 'idle';
      if (message.saved && !message.resuming) {
        saved.value = message.saved;
        takeOver(message.saved.settings);
        show(message.saved);
      }
      if (!message.resuming && (message.saved?.data.kind ?? 'synthetic') === 'synthetic') draw();
      if (!message.keeper) {
        news.value = {
          kind: 'warn',
          title: 'This tab saves no checkpoints',
          text: 'Another tab of this browser is training, or the browser’s storage is off. Training works here too, but a reload ends it.',
        };
      }
      break;
    case 'reading':
      reading.value = message;
      break;
    case 'data': {
      reading.value = undefined;
      data.value = message.data;
      refit();
      if (wantsStart) startNow();
      break;
    }
    case 'estimate':
      estimate.value = message.estimate;
      break;
    case 'refused':
      reading.value = undefined;
      wantsStart = false;
      news.value = {
        kind: 'bad',
        title:
          message.what === 'data' ? 'This data cannot be used' : 'These weights cannot be used',
        text: `${message.message}. What was here before is still here.`,
      };
      break;
    case 'weights-read':
      reading.value = undefined;
      fromWeights.value = message;
      refit();
      break;
    case 'weights':
      saveFile(message.name, message.file);
      break;
    case 'started':
      clear();
      phase.value = 'compiling';
      resumable.value = false;
      compiling.value = { ready: 0, total: 0 };
      takeOver(message.record.settings);
      show(message.record);
      if (message.resumed > 0) {
        news.value = {
          kind: 'info',
          title: 'Your training resumes',
          text: `It was saved in this browser, and resumes after step ${message.resumed}.`,
        };
      }
      break;
    case 'compiling':
      compiling.value = message;
      break;
    case 'original':
      log.value = { ...log.value, original: message.points };
      break;
    case 'event':
      trainEvent(message);
      break;
    case 'validation':
      if (message.log !== log.value.validation.at(-1)) {
        const { validation } = log.value;
        if (validation.at(-1)?.step !== message.log.step) validation.push(message.log);
        log.value = { ...log.value };
      }
      mistakes.value = { list: message.mistakes, pictures: message.pictures };
      break;
    case 'kept':
      kept.value = message;
      break;
    case 'not-kept':
      news.value = {
        kind: 'warn',
        title: 'The checkpoint could not be saved',
        text: `${message.message}. Training continues, but a reload would lose it. Download the weights to keep them.`,
      };
      break;
    case 'paused':
      if (phase.value !== 'stopping') phase.value = 'paused';
      break;
    case 'resumed':
      if (phase.value !== 'stopping') phase.value = 'running';
      break;
    case 'waiting':
      phase.value = 'waiting';
      news.value = {
        kind: 'warn',
        title: 'GPU temporarily unavailable',
        text: `It was lost, and the browser has not given it back yet: after a second crash Chrome waits two minutes. Training then resumes by itself after step ${message.step}, the last checkpoint.`,
      };
      break;
    case 'lost':
      log.value = {
        ...log.value,
        training: log.value.training.filter(({ step }) => step <= message.step),
        validation: log.value.validation.filter(({ step }) => step <= message.step),
      };
      phase.value = 'compiling';
      news.value = {
        kind: 'warn',
        title: 'The GPU was lost and is back',
        text: `The browser took the device away (after a driver restart, or because work took too long). Training resumes after step ${message.step}, the last checkpoint.`,
      };
      break;
    case 'failed':
      failed(message.kind, message.message, message.resumable);
      break;
    case 'batch':
      batchView.value = message;
      break;
    case 'filters':
      filters.value = message;
      break;
    case 'features':
      features.value = message;
      break;
    case 'profile':
      profile.value = message;
      break;
  }
}

function trainEvent({ event, time, msPerStep }: Message<'event'>): void {
  const now = status.value;
  switch (event.type) {
    case 'start':
      phase.value = 'running';
      memory.value = event.memory;
      network.value = event;
      if (now) status.value = { ...now, step: event.step, steps: event.steps };
      break;
    case 'step': {
      const { step, epoch, loss, accuracy } = event;
      log.value.training.push({ step, loss, accuracy });
      log.value = { ...log.value };
      const steps = now?.steps ?? 0;
      status.value = {
        step,
        steps,
        epoch,
        epochs: Number(settings.value.epochs),
        loss,
        accuracy,
        imagesPerSecond: msPerStep > 0 ? (1000 * Number(settings.value.batch)) / msPerStep : 0,
        secondsLeft: msPerStep > 0 ? ((steps - step) * msPerStep) / 1000 : NaN,
        time,
      };
      break;
    }
    case 'epoch':
      validated(event);
      break;
    case 'done': {
      phase.value = 'ended';
      resumable.value = event.reason === 'stopped';
      if (now) status.value = { ...now, time, secondsLeft: 0 };
      const accuracy = event.validation?.accuracy;
      news.value = {
        kind: 'info',
        title: event.reason === 'stopped' ? 'Stopped' : 'Training is done',
        text:
          event.reason === 'stopped'
            ? 'You can continue from here, or start over.'
            : accuracy === undefined
              ? 'Try it on the Live page, or download the weights.'
              : `${(100 * accuracy).toFixed(1)} % of the held-out pictures are right${
                  guesses.value
                    ? ', hardly better than guessing. Train for more epochs, or on more pictures.'
                    : '. Try it on the Live page, or download the weights.'
                }`,
      };
      break;
    }
  }
}

function validated({ validation, epoch }: EpochRecord): void {
  if (validation) metrics.value = { metrics: validation, epoch };
}

function failed(kind: ErrorKind | 'unknown', message: string, canGoOn: boolean): void {
  wantsStart = false;
  reading.value = undefined;
  if (phase.value === 'opening') {
    phase.value = 'unsupported';
    return;
  }
  if (training.value) phase.value = 'ended';
  resumable.value = canGoOn;
  const advice: Partial<Record<ErrorKind | 'unknown', string>> = {
    'out-of-memory': 'Try a smaller batch or a smaller network.',
    limit: 'Try a smaller batch or a smaller network.',
    'not-finite': 'Try a lower learning rate. The weights from before that are kept.',
    'device-lost': 'The GPU has not come back. Reload the page, or restart the browser.',
    unsupported: 'The GPU does not respond. Reload the page, or restart the browser.',
  };
  news.value = {
    kind: 'bad',
    title: 'Training stopped with an error',
    text: `${message}. ${advice[kind] ?? ''}`,
  };
}
