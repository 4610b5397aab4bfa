import type { Answer, Question } from './debug';
import type { GpuAnswer, GpuQuestion } from './gpu.worker';

/** Milliseconds after which nothing is waited for any more. */
const PATIENCE = { machine: 10_000, gpu: 40_000 };

/** A worker that answers questions one after another; one that does not answer is ended. */
class Line<Q, A> {
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly start: () => Worker,
    private readonly patience: number,
    private readonly silence: A,
  ) {}

  ask(question: Q): Promise<A> {
    const next = this.#last.then(() => this.#ask(question));
    this.#last = next;
    return next;
  }

  #ask(question: Q): Promise<A> {
    const worker = (this.#worker ??= this.start());
    return new Promise((resolve) => {
      const give = (answer: A, end: boolean) => {
        clearTimeout(timer);
        if (end) {
          worker.terminate();
          this.#worker = undefined;
        }
        resolve(answer);
      };
      const timer = setTimeout(() => give(this.silence, true), this.patience);
      worker.onmessage = ({ data }: MessageEvent<A>) => give(data, false);
      worker.onerror = ({ message }) => give({ ...this.silence, error: message } as A, true);
      worker.postMessage(question);
    });
  }
}

export const machine = new Line<Question, Answer>(
  () => new Worker(new URL('./machine.worker.ts', import.meta.url), { type: 'module' }),
  PATIENCE.machine,
  { error: 'The machine did not finish within 10 seconds. Is there an endless loop?' },
);

export const gpuLine = new Line<GpuQuestion, GpuAnswer>(
  () => new Worker(new URL('./gpu.worker.ts', import.meta.url), { type: 'module' }),
  PATIENCE.gpu,
  {
    adapter: '',
    wrong: 'The GPU did not answer within 40 seconds. A loop with a barrier may be endless.',
  },
);
