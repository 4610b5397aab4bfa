import { MultiBar, type SingleBar } from 'cli-progress';

/** How often a log gets a line when it is not a terminal. */
const QUIET_MS = 30_000;

/** A bar at the bottom of a terminal; elsewhere a line now and then. */
export class Progress {
  readonly #bars?: MultiBar;
  #bar?: SingleBar;
  #lastLine = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    if (!stream.isTTY) return;
    this.#bars = new MultiBar({
      stream,
      format: '{bar} {percentage}% {text}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      clearOnComplete: true,
      hideCursor: true,
      fps: 5,
      emptyOnZero: true,
      gracefulExit: false, // Ctrl-C has a meaning of its own
    });
  }

  update(value: number, total: number, text: string): void {
    if (this.#bars) {
      this.#bar ??= this.#bars.create(total, value, { text });
      this.#bar.setTotal(total);
      this.#bar.update(value, { text });
    } else if (performance.now() - this.#lastLine > QUIET_MS || this.#lastLine === 0) {
      this.#lastLine = performance.now();
      console.error(`${Math.floor((100 * value) / total)}% ${text}`);
    }
  }

  /** A line that stays, above the bar. */
  line(text: string): void {
    if (this.#bar) this.#bars!.log(`${text}\n`);
    else console.log(text);
  }

  /** Takes the bar away. */
  stop(): void {
    if (!this.#bar) return;
    this.#bars!.remove(this.#bar);
    this.#bars!.stop();
    this.#bar = undefined;
  }
}

/** 3725 -> `1 h 02 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** 0.61234 -> `61.2 %`. */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
