/** npm passes a Ctrl-C on to a child that the terminal has told already: closer ones are one. */
const SAME_KEY_PRESS_MS = 1000;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Stops listening. */
  dispose(): void;
}

/**
 * Ctrl-C (or SIGTERM) aborts the signal, so that work can come to an end; a second one ends the
 * process at once.
 */
export function onInterrupt(tell: () => void): Interrupt {
  const controller = new AbortController();
  let first = 0;
  const heard = () => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort();
      tell();
    } else if (performance.now() - first > SAME_KEY_PRESS_MS) {
      process.exit(130);
    }
  };
  process.on('SIGINT', heard);
  process.on('SIGTERM', heard);
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', heard);
      process.off('SIGTERM', heard);
    },
  };
}
