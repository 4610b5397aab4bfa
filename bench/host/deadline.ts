/** A library had its turn and took too long. */
export class OutOfTime extends Error {
  constructor(
    readonly library: string,
    seconds: number,
  ) {
    super(`did not finish in ${seconds} s`);
  }
}

/**
 * Watches work in which libraries take turns, from outside of the process that does it: one that
 * compiles for minutes, or keeps the GPU busy, could not look at a clock itself.
 */
export class Deadline {
  #timer?: NodeJS.Timeout;
  #fail?: (error: OutOfTime) => void;

  /** Milliseconds that one turn may take. */
  constructor(private limitMs = Infinity) {}

  /** A library begins something, or nobody does any more. */
  readonly turn = (library: string | undefined): void => {
    clearTimeout(this.#timer);
    if (library === undefined || !Number.isFinite(this.limitMs)) return;
    const late = () => this.#fail?.(new OutOfTime(library, Math.round(this.limitMs / 1000)));
    this.#timer = setTimeout(late, this.limitMs);
  };

  /** @throws OutOfTime as soon as a turn takes too long; the caller must then end the work */
  async watch<T>(work: Promise<T>, limitMs = Infinity): Promise<T> {
    this.limitMs = limitMs;
    const late = new Promise<never>((_, reject) => (this.#fail = reject));
    work.catch(() => undefined); // it may yet fail when nobody waits for it any more
    try {
      return await Promise.race([work, late]);
    } finally {
      this.turn(undefined);
    }
  }
}
