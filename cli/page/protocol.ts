import type { JobEvent, PlainError } from '../jobs/job';

/** The job as `<url>job` gives it; its inputs are at `<url>inputs/<name>`. */
export interface PageJob {
  kind: string;
  config: unknown;
  inputs: string[];
}

/** What the page tells through the function `facegradPost`. */
export type PageMessage =
  { type: 'event'; event: JobEvent } | { type: 'end' } | { type: 'failed'; error: PlainError };

/** What page and command line put on `window`. */
export interface PageGlobals {
  /** Put there by the command line; takes a `PageMessage` as JSON. */
  facegradPost(message: string): Promise<void>;
  /** Put there by the page: asks the job to come to an end. */
  facegradStop(): void;
}
