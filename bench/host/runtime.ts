import type { Answer, Job } from '../jobs/job';

export interface AskOptions {
  /** Nothing compiled before, in a browser with an empty profile or a process of its own. */
  fresh?: boolean;
  /** Milliseconds that a library may take for one thing: to get ready, a run, a timed batch. */
  limitMs?: number;
}

/** Where jobs are answered: a Node process, or pages of headless Chrome. */
export interface BenchRuntime {
  /** @throws OutOfTime after a library has taken too long; the next job begins with nothing compiled */
  ask(job: Job, options?: AskOptions): Promise<Answer>;
  where(): Promise<Record<string, string>>;
  close(): Promise<void>;
}

export type RuntimeName = 'chrome' | 'node';
