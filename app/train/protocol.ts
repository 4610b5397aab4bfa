/** What the Train page and its worker say to each other. */
import type { PlacedFile } from '../../src/data/file_tree';
import type { ErrorKind } from '../../src/gpu/errors';
import type { DataKind } from '../../src/train/usual';
import type { Metrics } from '../../src/train/metrics';
import type { TrainEvent } from '../../src/train/events';
import type { OwnKernel } from '../shared/own_kernel';
import type { Settings } from './settings';

export type ToWorker =
  /** Looks for a GPU, readies it for these, and for a run that a reload or a crash has cut off. */
  | { type: 'open'; settings: Settings }
  | { type: 'draw'; faces: number }
  | { type: 'read'; files: PickedFile[]; photographs: Photographs }
  | { type: 'recorded'; classes: { name: string; frames: Uint8Array[] }[]; size: number }
  | { type: 'start'; settings: Settings; kernel?: OwnKernel }
  /** Asks what a training with these would take. */
  | { type: 'estimate'; settings: Settings }
  /** Goes on with the run that is kept. */
  | { type: 'resume' }
  | { type: 'pause' }
  | { type: 'stop' }
  /** Throws the kept run away. */
  | { type: 'forget' }
  | { type: 'weights' }
  /** Weights to start from: a file's, or without one those that come with the page. */
  | { type: 'read-weights'; file?: File }
  | { type: 'forget-weights' }
  /** Which validation image the feature maps are of, and which of their pixels is taken apart. */
  | { type: 'choose'; image: number; pixel?: Pixel };

/** What is taken of photographs: the face, and of those without one nothing (`face`) or all (`face or whole`); or all of each. */
export type Photographs = 'face' | 'face or whole' | 'whole';

/** A file with its place in a dropped folder. */
export type PickedFile = PlacedFile;

/** The data that is loaded, for a person. */
export interface DataSummary {
  kind: DataKind;
  name: string;
  classes: string[];
  /** Images, or sequences, by class. */
  training: number[];
  validation: number[];
  /** Frames of the longest sequence; 0 for stills. */
  sequenceLength: number;
  /** What was left out when it was read, and how what could be two things was taken. */
  notes: string[];
  /** Some of the images, one row of each class. */
  samples: Pictures;
}

/** Grey images of one size, one after another. */
export interface Pictures {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** The learning curves. */
export interface Log {
  training: { step: number; loss: number; accuracy: number }[];
  validation: { step: number; loss: number; accuracy: number }[];
  /** The first steps with the file that a kernel of the reader's stands in for. */
  original?: { step: number; loss: number }[];
}

export interface Mistake {
  /** Index in the validation set. */
  image: number;
  label: number;
  said: number;
  /** Probability of what it said, and of the truth. */
  confidence: number;
  truth: number;
}

/** Everything about a run that outlives a reload, but for its tensors. */
export interface RunRecord {
  settings: Settings;
  status: 'running' | 'paused' | 'done';
  step: number;
  steps: number;
  log: Log;
  metrics?: Metrics;
  mistakes: Mistake[];
  data: Omit<DataSummary, 'samples'>;
  /** Milliseconds trained so far. */
  time: number;
  /** Name of the weights file that the run began with. */
  from?: string;
  /** A kernel of the reader's, in place of the file. */
  kernel?: OwnKernel;
}

/** Weights that a training starts from. */
export interface StartingWeights {
  name: string;
  about: string;
  classes: readonly string[];
  /** Whether they come with the page. */
  shipped: boolean;
}

/** One layer's outputs, each with its own range from black to white. */
export interface FeatureMaps {
  name: string;
  maps: Pictures;
  /** Whether a pixel can be followed back to the products behind it. */
  open: boolean;
}

/** A pixel of a feature map. */
export interface Pixel {
  /** Index among the layers that are shown. */
  layer: number;
  map: number;
  y: number;
  x: number;
}

/** The numbers behind a pixel: a window of products for every input map and each place of the pool, then batch norm, ReLU, pool. */
export interface Arithmetic {
  pixel: Pixel;
  /** Extent of the layer. */
  maps: number;
  height: number;
  width: number;
  /** 25 of every input map. */
  weights: number[][];
  /** What max-pool chooses from: 25 inputs of every input map, and the sum as the GPU has it. */
  places: { row: number; column: number; windows: number[][]; sum: number }[];
  norm: { mean: number; deviation: number; gamma: number; beta: number };
  /** The pixel's value, as the GPU has it. */
  value: number;
}

/** What a training will take, about; or why it cannot be. */
export type Estimate = { bytes: number; seconds?: number } | { problem: string };

export type FromWorker =
  | {
      type: 'opened';
      adapter: string;
      software: boolean;
      /** Slow, as software is. */
      weak: boolean;
      saved?: RunRecord;
      resuming: boolean;
      keeper: boolean;
    }
  | { type: 'estimate'; estimate: Estimate }
  | { type: 'reading'; what: string; done?: number; total?: number }
  | { type: 'data'; data: DataSummary }
  | { type: 'refused'; what: 'data' | 'weights'; message: string }
  | ({ type: 'weights-read' } & StartingWeights)
  | { type: 'weights'; file: Uint8Array<ArrayBuffer>; name: string }
  | { type: 'started'; resumed: number; record: RunRecord }
  | { type: 'compiling'; ready: number; total: number }
  | { type: 'original'; points: NonNullable<Log['original']> }
  /** `time`: milliseconds trained so far. `msPerStep`: 0 before it is known. */
  | { type: 'event'; event: TrainEvent; time: number; msPerStep: number }
  | { type: 'validation'; log: Log['validation'][number]; mistakes: Mistake[]; pictures: Pictures }
  | { type: 'kept'; step: number; bytes: number }
  | { type: 'not-kept'; message: string }
  | { type: 'paused'; step: number }
  | { type: 'resumed' }
  /** The GPU was lost, and there is none for the moment. */
  | { type: 'waiting'; step: number }
  /** The GPU was lost and is back. */
  | { type: 'lost'; message: string; step: number }
  | { type: 'failed'; kind: ErrorKind | 'unknown'; message: string; resumable: boolean }
  | { type: 'batch'; labels: string[]; rows: { name: string; pictures: Pictures }[]; step: number }
  | { type: 'filters'; streams: { name: string; filters: Pictures }[] }
  | {
      type: 'features';
      image: number;
      label: number;
      picture: Pictures;
      probabilities: number[];
      layers: FeatureMaps[];
      arithmetic?: Arithmetic;
    }
  | {
      type: 'profile';
      method: 'timestamp' | 'wall';
      /** Kinds of kernels, with the name of the one that took longest. */
      groups: { name: string; ms: number; kernel: string }[];
      dispatches: number;
      /** Pictures of the step that was timed. */
      batch: number;
    };
