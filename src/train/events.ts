import type { EpochRecord } from './checkpoint';
import type { Metrics } from './metrics';

/** What a run tells: plain data that goes through `postMessage` and JSON alike. */
export type TrainEvent =
  | { type: 'compile'; ready: number; total: number }
  | {
      type: 'start';
      step: number;
      steps: number;
      stepsPerEpoch: number;
      parameters: number;
      dispatches: number;
      memory: { before: number; after: number; state: number };
      adapter: string;
    }
  /** What the weights that it begins with lack, and so begins from the seed. */
  | { type: 'left'; tensors: string[] }
  | {
      type: 'step';
      step: number;
      epoch: number;
      loss: number;
      accuracy: number;
      learningRate: number;
      imagesPerSecond: number;
    }
  | ({ type: 'epoch'; best: boolean } & EpochRecord)
  /** A good moment to call `checkpoint()`. */
  | { type: 'checkpoint'; step: number }
  | {
      type: 'done';
      step: number;
      reason: 'finished' | 'stopped' | 'patience';
      validation?: Metrics;
    };
