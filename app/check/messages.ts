import type { CheckReport, Progress } from '../../check/report';

/** What the page asks of its worker. */
export interface CheckRequest {
  /** Kernels to check; all where it is left out. */
  only?: string[];
}

/** What the worker tells. */
export type CheckMessage =
  | { type: 'progress'; progress: Progress }
  | { type: 'done'; report: CheckReport }
  | { type: 'failed'; message: string; noGpu: boolean };
