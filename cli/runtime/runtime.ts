import type { Job, JobEvent, JobFile } from '../jobs/job';

/** Where jobs run. What they are given and give is the same everywhere. */
export interface Runtime {
  readonly name: RuntimeName;
  /**
   * Runs a job to its end and yields what it tells. Aborting `stop` asks it to come to an end; it
   * still tells and gives what it then has. Throws the job's error.
   */
  run(job: Job, stop?: AbortSignal): AsyncIterable<JobEvent | JobFile>;
  close(): Promise<void>;
}

/** Events on their way from a job to its reader. */
export class EventQueue implements AsyncIterable<JobEvent | JobFile> {
  readonly #events: (JobEvent | JobFile)[] = [];
  #ended = false;
  #error: unknown;
  #wake: () => void = () => {};

  push(event: JobEvent | JobFile): void {
    this.#events.push(event);
    this.#wake();
  }

  /** No more will come; with an error, iterating throws it after the last event. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JobEvent | JobFile> {
    for (;;) {
      while (this.#events.length > 0) yield this.#events.shift()!;
      if (this.#ended) break;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#error !== undefined) throw this.#error;
  }
}

export type RuntimeName = 'chrome' | 'node';
