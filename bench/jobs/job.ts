import type { AdapterDescription, Gpu } from '../../src/gpu/device';
import type { ConvChoice, Tuning } from '../../src/kernels/tuning';
import type { Preset } from '../../src/nn/systems/cnn_lstm';
import type { Peak } from '../peak/peak';
import type { PeerLoader } from '../peers/packages';
import type { BenchResult } from '../versus/measure';
import type { Measurement } from '../versus/versus';

/** What can be asked of a page or a Node process; plain data. */
export type Job =
  | { kind: 'facts' }
  | {
      kind: 'problem';
      name: string;
      libraries: string[];
      rounds: number;
      leastRounds: number;
      budgetMs: number;
    }
  | { kind: 'kernels'; pattern: string; repeats: number }
  | { kind: 'profile'; network: string; batch: number; repeats: number; cpu: boolean }
  | { kind: 'tune'; preset: Preset; batch: number };

export type Answer = Facts | Measurement[] | BenchResult[] | Profile | TuneResult;

/** Where a job runs. */
export interface Place {
  requestGpu(): Promise<Gpu>;
  loader: PeerLoader;
  /** CPU milliseconds so far of whatever runs the GPU's work, where that is known. */
  cpuTime?: () => Promise<number>;
  onProgress(text: string): void;
  /** Tells the timekeeper which library begins something, and when none does. */
  onTurn?(library: string | undefined): void;
}

/** What a run was taken on, and what that can do at best. */
export interface Facts {
  adapter: AdapterDescription;
  /** Lanes in a subgroup, least and most; 0 without. */
  subgroups: [number, number];
  features: string[];
  peak: Peak;
  /** Dispatches that a training step of each preset records. */
  dispatches: Record<string, number>;
}

/** One dispatch of a step. */
export interface DispatchTime {
  label: string;
  kernel: string;
  ms: number;
  /** False where the clock is too coarse for it. */
  timed: boolean;
  /** Of the mathematics. */
  flops: number;
  /** What the kernel does for it: this is what the roof stands over. */
  executed: number;
  /** Of everything bound that it touches, each once. */
  bytes: number;
}

/** A training step, dispatch by dispatch. */
export interface Profile {
  title: string;
  method: string;
  peak: Peak;
  dispatches: DispatchTime[];
}

/** One convolution of the network in one direction. */
export interface TunedLayer {
  key: string;
  usualMs: number;
  bestMs: number;
  /** Absent where the usual choice is the best. */
  best?: ConvChoice;
  /** How many times as fast as the usual choice it is, in the slower half of the rounds. */
  gain: number;
}

export interface TuneResult {
  tuning: Tuning;
  layers: TunedLayer[];
}
