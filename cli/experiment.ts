/** What an experiment is, and what it came to. */
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TrainConfig } from '../src/train/config';
import type { Confusion } from '../src/train/metrics';
import type { McNemar } from '../src/train/statistics';
import type { Interrupt } from './interrupt';
import type { RuntimeName } from './runtime/runtime';
import type { DataSource, DataSpec } from './source';
import type { ConfigFile } from './train_options';

export const DEFINITIONS = 'experiments';
export const RESULTS = 'docs/results';
/** What measures the rows of `live`. */
export const LIVE =
  'FACEGRAD_E2E_FULL=1 FACEGRAD_E2E_RESULTS=docs/results/realtime.json npm run test:e2e -- live';

/** A row of a table: a system and its settings. */
export interface Variant {
  name: string;
  /** A system of `nn/systems`; without it the preset that the settings name. */
  system?: string;
  /** As in a file of `--config`, over those of the experiment. */
  settings?: ConfigFile;
  /** The paper's figure in percent. */
  paper?: number;
  /** What was published elsewhere, with what differs there. */
  published?: string;
  /** What was expected before it ran. */
  expect?: string;
  /** Where the first seed's weights ship. */
  weights?: string;
  /** What is read into the source, what is left out. */
  note?: string;
  /** Of sequences, only their last frames. */
  frames?: 'last';
  /** Weights to begin with. */
  init?: string;
  /** Those weights are measured as they are. */
  untrained?: true;
}

/** A file of `experiments/`. */
export interface Experiment {
  id: string;
  title: string;
  text: string;
  /** Minutes that one seed of one variant may take on two cores. */
  budget: number;
  seeds: number[];
  /** What is measured while training; nothing is chosen by it. */
  validation: NonNullable<DataSpec['validation']>;
  settings: ConfigFile;
  variants: Variant[];
  /** The paper's counts of classes: then these are counted, and nothing is trained. */
  counts?: Record<string, number>;
  /** The kind of data that it needs; FER2013 by default. */
  data?: DataSource['kind'];
  /** Of sequences: every one of so many parts of the subjects is held out once. */
  folds?: number;
  /** Families of `src/data/corrupt.ts`: then the shipped weights are measured on spoilt pictures, and nothing is trained. */
  corruptions?: string[];
  /** The demo's tests measure it (`test/e2e/live.e2e.test.ts`); nothing is trained. */
  live?: true;
  /** Variants whose embeddings are measured too. */
  embeddings?: string[];
  /** Whether the confusion matrices of its first row are shown. */
  matrix?: boolean;
  /** Pairs of variants to be tested against each other. */
  compare?: [string, string][];
}

export interface Share {
  accuracy: number;
  images: number;
}

/** One training, measured on PublicTest. */
export interface Row extends Share {
  variant: string;
  seed: number;
  meanRecall: number;
  /** Without the images that are in Training too. */
  withoutCopies: Share;
  /** Neutral images left out, neutral never chosen. */
  six: Share;
  /** Averaged with the mirror image. */
  mirror: Share;
  confusion: Confusion;
  confusionSix: Confusion;
  /** Of length 1: mean distances within and between classes, and the share right of 5 nearest neighbours. */
  embedding?: { within: number; between: number; neighbours: number };
  /** The class of every image as a byte, base64. */
  predictions: string;
  predictionsSix: string;
  /** Images learnt from. */
  learnt: number;
  /** Of the weights that were measured. */
  epoch: number;
  minutes: number;
  adapter: string;
  runtime: RuntimeName;
  commit?: string;
  command: string;
  data: { training: string; publictest: string };
  settings: TrainConfig;
}

export interface Comparison extends McNemar {
  pair: [string, string];
  /** A seed, or `all`: the seeds' probabilities summed. */
  seed: number | 'all';
  /** p after Holm's correction over all of the experiment. */
  corrected: number;
}

/** Shipped weights on pictures spoilt alike, or at level 0 on those as they are. */
export interface SpoiltRow extends Share {
  variant: string;
  /** A family of `src/data/corrupt.ts`, or `none`. */
  corruption: string;
  level: number;
  predictions: string;
  /** SHA-256 of the file. */
  weights: string;
  /** Fingerprint of the pictures before they were spoilt. */
  data: string;
  adapter: string;
  runtime: RuntimeName;
  commit?: string;
  command: string;
}

/** One fold of sequences by subject. */
export interface FoldRow extends Share {
  variant: string;
  seed: number;
  fold: number;
  meanRecall: number;
  classes: string[];
  confusion: Confusion;
  /** The class of every item as a byte, base64; its label likewise. */
  predictions: string;
  labels: string;
  learnt: number;
  epoch: number;
  minutes: number;
  adapter: string;
  runtime: RuntimeName;
  commit?: string;
  command: string;
  /** SHA-256 of the weights that it began with. */
  init?: string;
  data: { training: string; held: string };
  /** None of what was not trained. */
  settings?: TrainConfig;
}

export interface SpoiltComparison extends McNemar {
  pair: [string, string];
  corruption: string;
  level: number;
  corrected: number;
}

/** The speed of Live, in the demo's test with a film for a camera. */
export interface LiveRow {
  weights: string;
  faces: number;
  framesPerSecond: number;
  /** Median milliseconds from a frame to its label. */
  latency: number;
  adapter: string;
  browser: string;
  processor: string;
  commit?: string;
}

export interface Results {
  rows: Row[];
  comparisons: Comparison[];
  folds?: FoldRow[];
  spoilt?: SpoiltRow[];
  spoiltComparisons?: SpoiltComparison[];
  live?: LiveRow[];
  /** Images by split and class. */
  counts?: Record<string, Record<string, number>>;
}

export function readExperiments(folder = DEFINITIONS): Experiment[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Experiment);
}

export function readResults(id: string, folder = RESULTS): Results {
  const path = join(folder, `${id}.json`);
  if (!existsSync(path)) return { rows: [], comparisons: [] };
  return JSON.parse(readFileSync(path, 'utf8')) as Results;
}

/** What a row is made with. */
export interface Bench {
  data: string;
  runtime: RuntimeName;
  /** For runs. */
  out: string;
  command: string;
  interrupt: Interrupt;
}

/** A variant's settings over those of its experiment. */
export function settingsOf({ settings }: Experiment, variant: Variant): ConfigFile {
  const model = { ...settings.model, ...variant.settings?.model };
  return { ...settings, ...variant.settings, model };
}

export const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
