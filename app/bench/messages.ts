import type { Peak } from '../../bench/peak/peak';
import type { Measurement } from '../../bench/versus/versus';
import type { AdapterDescription } from '../../src/gpu/device';

/** What the page asks of its worker. */
export interface BenchRequest {
  /** Names of problems, in this order. */
  problems: string[];
  /** Ours first, which the others' numbers are compared with. */
  libraries: string[];
}

/** What the worker tells. */
export type BenchMessage =
  | { type: 'progress'; text: string; done: number; total: number }
  | {
      type: 'facts';
      adapter: AdapterDescription;
      subgroups: [number, number];
      features: string[];
      peak: Peak;
    }
  | { type: 'measurement'; measurement: Measurement }
  | { type: 'done' }
  | { type: 'failed'; message: string; noGpu: boolean };
