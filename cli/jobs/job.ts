/** What a job is, wherever it runs: JSON in, bytes in, events and files out. No part of Node in here. */
import { FacegradError, type ErrorKind } from '../../src/gpu/errors';
import type { Gpu } from '../../src/gpu/device';
import { leaveOutWrong, type Recording } from '../../src/tape/variants';
import type { AnySystem } from '../../src/nn/systems';

/** Named bytes: data sets, checkpoints, weights. */
export type Blobs = Record<string, Uint8Array>;

export interface Job {
  kind: string;
  /** Goes through JSON. */
  config: unknown;
  inputs: Blobs;
}

/** What a job tells on its way; goes through JSON. */
export interface JobEvent {
  type: string;
  [field: string]: unknown;
}

/** Bytes that a job gives: a checkpoint, weights, probabilities. */
export interface JobFile {
  type: 'file';
  name: string;
  bytes: Uint8Array;
}

/** What a job is given. */
export interface Task<C = unknown> {
  config: C;
  inputs: Blobs;
  /** All networks, by name. */
  systems: readonly AnySystem[];
  /** Opens the GPU, the same one at every call, once the fast kernels that `record` asks for have been tried. */
  gpu(record: Recording): Promise<Gpu>;
  /** Aborted when the person wants the job to come to an end: it then writes what is worth keeping. */
  stop: AbortSignal;
  emit(event: JobEvent): void;
  /** Resolves when the bytes have arrived; until then they must not change. */
  file(name: string, bytes: Uint8Array): Promise<void>;
}

/** Jobs by kind. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each job has a configuration of its own
export type Jobs = Record<string, (task: Task<any>) => Promise<void>>;

/** Runs a job of the table. An error that WebGPU reports beside the calls fails it too. */
export async function perform(
  jobs: Jobs,
  { kind, config, inputs }: Job,
  place: Pick<Task, 'stop' | 'emit' | 'file' | 'systems'> & { openGpu: () => Promise<Gpu> },
): Promise<void> {
  const work = Object.hasOwn(jobs, kind) ? jobs[kind] : undefined;
  if (!work) throw new FacegradError('internal', `unknown job ${kind}`);
  let opened: Promise<Gpu> | undefined;
  let refuse: (error: Error) => void;
  const refused = new Promise<never>((_, reject) => (refuse = reject));
  refused.catch(() => {}); // heard below, if it comes in time
  const gpu = (record: Recording) => {
    opened ??= place.openGpu().then(async (gpu) => {
      gpu.device.addEventListener('uncapturederror', (event) => {
        refuse(new FacegradError('validation', event.error.message));
      });
      void gpu.lost.then((error) => refuse(error));
      await leaveOutWrong(gpu, { record });
      return gpu;
    });
    return opened;
  };
  const { stop, emit, file, systems } = place;
  try {
    await Promise.race([work({ config, inputs, systems, gpu, stop, emit, file }), refused]);
  } finally {
    await opened?.then(
      (gpu) => gpu.dispose(),
      () => {}, // it never opened: the job has thrown that
    );
  }
}

/** An error as JSON, so that it can cross from a page. */
export interface PlainError {
  name: string;
  kind?: ErrorKind;
  message: string;
  stack?: string;
  wanted?: unknown;
  available?: unknown;
}

export function plainError(error: unknown): PlainError {
  if (error instanceof FacegradError) {
    const { name, kind, message, stack, wanted, available } = error;
    return { name, kind, message, stack, wanted, available };
  }
  if (error instanceof Error) {
    return { name: error.name, message: error.message, stack: error.stack };
  }
  return { name: 'Error', message: String(error) };
}

export function reviveError({ kind, message, stack, wanted, available }: PlainError): Error {
  const error = kind ? new FacegradError(kind, message, { wanted, available }) : new Error(message);
  if (stack) error.stack = stack;
  return error;
}
