import type { Problem } from './problems';

/** One implementation that problems are put to: this library, or another one on one of its backends. */
export interface Subject {
  library: string;
  /** @throws Unsupported when the library cannot do it */
  prepare(problem: Problem): Promise<Prepared>;
  dispose?(): void;
}

/** A problem made ready by one library: memory filled, everything compiled that can be beforehand. */
export interface Prepared {
  /** One run. What it does before it first waits is the library's JavaScript time. */
  run(): void | Promise<void>;
  /** Resolves when every run so far is done. */
  finish(): Promise<void>;
  /** What the runs so far have computed, by name, in PyTorch's layout. */
  outputs(): Promise<Record<string, Float32Array>>;
  /** The JavaScript of one run, and nothing of the GPU's work, for runs too long to repeat 200 times. */
  encode?(): void;
  dispose(): void;
}

/** What a library has no way to compute. */
export class Unsupported extends Error {}
