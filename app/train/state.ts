/** The Train page's state: signals that the session changes and the page shows. */
import { computed, signal } from '@preact/signals';
import type { Metrics } from '../../src/train/metrics';
import type {
  DataSummary,
  Estimate,
  FromWorker,
  Log,
  Mistake,
  Photographs,
  Pictures,
  Pixel,
  RunRecord,
  StartingWeights,
} from './protocol';
import { ownKernel } from '../shared/own_kernel';
import { defaultSettings, type Settings } from './settings';
import { isGuessing } from './words';

type Message<T extends FromWorker['type']> = Extract<FromWorker, { type: T }>;

/**
 * - `opening`: looking for a GPU; `unsupported`: there is none
 * - `waiting`: the GPU was lost and is not back yet
 * - `idle`: nothing runs; `compiling`, `running`, `pausing`, `paused`, `stopping`: as they say
 * - `ended`: finished or stopped; it can be gone on with where steps are left
 */
export type Phase =
  | 'opening'
  | 'unsupported'
  | 'idle'
  | 'compiling'
  | 'waiting'
  | 'running'
  | 'pausing'
  | 'paused'
  | 'stopping'
  | 'ended';

export interface News {
  kind: 'info' | 'warn' | 'bad';
  title: string;
  text: string;
}

export interface Status {
  step: number;
  steps: number;
  epoch: number;
  epochs: number;
  loss: number;
  accuracy: number;
  imagesPerSecond: number;
  secondsLeft: number;
  time: number;
}

export const phase = signal<Phase>('opening');
export const adapter = signal('');
/** Whether the adapter is software. */
export const software = signal(false);
export const news = signal<News | undefined>(undefined);
export const reading = signal<Message<'reading'> | undefined>(undefined);
export const data = signal<DataSummary | undefined>(undefined);
export const photographs = signal<Photographs>('face');
export const settings = signal<Settings>(defaultSettings('synthetic'));
/** A kernel of the reader's that a start puts in place of its file. */
export const kernel = signal(ownKernel());
/** Weights that the next start begins with; undefined: random ones. */
export const fromWeights = signal<StartingWeights | undefined>(undefined);
/** Whether those are of other classes than the data. */
export const newClasses = computed(
  () =>
    fromWeights.value !== undefined &&
    data.value !== undefined &&
    fromWeights.value.classes.join() !== data.value.classes.join(),
);
/** A run from before a reload, that waits to be gone on with. */
export const saved = signal<RunRecord | undefined>(undefined);
/** What a start would take; undefined until it is known. */
export const estimate = signal<Estimate | undefined>(undefined);
export const compiling = signal({ ready: 0, total: 0 });
export const status = signal<Status | undefined>(undefined);
export const memory = signal<{ before: number; after: number; state: number } | undefined>(
  undefined,
);
export const network = signal<{ parameters: number; dispatches: number } | undefined>(undefined);
/** Replaced with every point, so that charts redraw; the arrays within grow in place. */
export const log = signal<Log>({ training: [], validation: [] });
/** The classes of the run that is shown: other data may be there by now. */
export const classes = signal<readonly string[]>([]);
export const metrics = signal<{ metrics: Metrics; epoch: number } | undefined>(undefined);
export const batchView = signal<Message<'batch'> | undefined>(undefined);
export const filters = signal<Message<'filters'> | undefined>(undefined);
export const features = signal<Message<'features'> | undefined>(undefined);
/** The pixel of its maps that is taken apart. */
export const pixel = signal<Pixel | undefined>(undefined);
export const mistakes = signal<{ list: Mistake[]; pictures: Pictures } | undefined>(undefined);
export const profile = signal<Message<'profile'> | undefined>(undefined);
export const kept = signal<{ step: number; bytes: number } | undefined>(undefined);
export const resumable = signal(false);

export const training = computed(() =>
  ['compiling', 'waiting', 'running', 'pausing', 'paused', 'stopping'].includes(phase.value),
);

/** Whether what was trained is no better than guessing. */
export const guesses = computed(() => {
  const held = metrics.value?.metrics.accuracy;
  return held !== undefined && isGuessing(held, classes.value.length);
});

/** Whether the GPU is slow. */
export const weak = signal(false);
