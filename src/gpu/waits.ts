/** A wait for nothing that takes longer shows a runtime that looks for finished work by a slow clock. */
const SLOW_MS = 25;
/** Waits that agree: on a busy machine a quick one may take long, and one that began late ends soon at the clock's next look. */
const MAJORITY = 3;
/** How long at least between two looks. */
const LOOK_MS = 1;

/**
 * Waits for the GPU. Firefox looks for finished work every 100 ms, and whenever something is submitted: where a wait for
 * nothing takes that long, an empty submit now and then has it look. (Deno looks every 10 ms, whatever is submitted.)
 */
export class Waits {
  #slow = false;

  constructor(private readonly device: GPUDevice) {}

  /** Finds out whether to help, by waiting for nothing. */
  async time(): Promise<void> {
    const { queue } = this.device;
    await queue.onSubmittedWorkDone(); // up to the clock's next look
    const counts = { quick: 0, slow: 0 };
    while (counts.quick < MAJORITY && counts.slow < MAJORITY) {
      const begin = performance.now();
      await queue.onSubmittedWorkDone();
      counts[performance.now() - begin < SLOW_MS ? 'quick' : 'slow']++;
    }
    this.#slow = counts.slow === MAJORITY;
  }

  /**
   * `work`, with looks while it is pending, each later than the one before by a share of the time waited: a look costs
   * a software GPU some of its speed.
   */
  async until<T>(work: Promise<T>, share = 1 / 8): Promise<T> {
    if (!this.#slow) return work;
    const begin = performance.now();
    const look = () => {
      this.device.queue.submit([]);
      later();
    };
    let timer: ReturnType<typeof setTimeout>;
    const later = () => {
      timer = setTimeout(look, Math.max(LOOK_MS, (performance.now() - begin) * share));
    };
    later();
    try {
      return await work;
    } finally {
      clearTimeout(timer!);
    }
  }
}
