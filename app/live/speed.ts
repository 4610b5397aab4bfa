/** Frames whose rate and latency are told. */
const WINDOW = 30;

export interface Speed {
  framesPerSecond: number;
  /** Medians in ms: from the frame to its labels, and what of it detector and networks took. */
  latency: number;
  detector: number;
  network: number;
}

/** When the labels of a frame were there, and what in ms it took. */
interface Timing {
  end: number;
  latency: number;
  detector: number;
  network: number;
}

/** Rate and latency over the last frames. */
export class SpeedMeter {
  readonly #timings: Timing[] = [];

  add(timing: Timing): void {
    this.#timings.push(timing);
    if (this.#timings.length > WINDOW) this.#timings.shift();
  }

  /** Undefined while there are too few frames to tell. */
  get speed(): Speed | undefined {
    const timings = this.#timings;
    if (timings.length < 5) return undefined;
    const seconds = (timings[timings.length - 1].end - timings[0].end) / 1000;
    return {
      framesPerSecond: (timings.length - 1) / seconds,
      latency: median(timings.map(({ latency }) => latency)),
      detector: median(timings.map(({ detector }) => detector)),
      network: median(timings.map(({ network }) => network)),
    };
  }
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
