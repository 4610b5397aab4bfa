import { readingOf } from './reading';

/** What one face got in one second. */
export interface Second {
  /** Whole seconds since the timeline began. */
  at: number;
  frames: number;
  /** Sums of the classes' probabilities over the frames. */
  sums: Float64Array;
}

/** Which weights said it, and on what share of held-out pictures they were right, where that is known. */
export interface Said {
  name: string;
  accuracy?: number;
  classes: readonly string[];
}

/** What was said of every face, second by second. It lives in memory and nowhere else. */
export class Timeline {
  readonly faces = new Map<number, Second[]>();

  /** @param start when it began, in ms since 1970 */
  constructor(
    readonly said: Said,
    readonly start: number,
  ) {}

  /** @param time of the frame, in ms since 1970 */
  add(time: number, face: number, probabilities: ArrayLike<number>): void {
    const at = Math.floor((time - this.start) / 1000);
    let seconds = this.faces.get(face);
    if (!seconds) this.faces.set(face, (seconds = []));
    let last = seconds.at(-1);
    if (last?.at !== at) {
      last = { at, frames: 0, sums: new Float64Array(this.said.classes.length) };
      seconds.push(last);
    }
    last.frames++;
    for (let i = 0; i < last.sums.length; i++) last.sums[i] += probabilities[i];
  }

  /** The classes' shares of the seconds in which a face was seen; the rest of them it was unsure. */
  shares(face: number): number[] {
    const seconds = this.faces.get(face) ?? [];
    const shares = this.said.classes.map(() => 0);
    for (const second of seconds) {
      const { best, sure } = readingOf(meanOf(second));
      if (sure) shares[best] += 1 / seconds.length;
    }
    return shares;
  }

  /** One row for every second of every face, in the order of time. */
  rows(): Record<string, string | number>[] {
    const { name, accuracy, classes } = this.said;
    const all = [...this.faces.values()].flatMap((seconds, i) =>
      seconds.map((second) => ({ letter: letterOf(i), second })),
    );
    all.sort((a, b) => a.second.at - b.second.at);
    return all.map(({ letter, second }) => {
      const mean = meanOf(second);
      const { best, sure } = readingOf(mean);
      return {
        time: new Date(this.start + 1000 * second.at).toISOString(),
        seconds: second.at,
        face: letter,
        frames: second.frames,
        label: sure ? classes[best] : 'unsure',
        ...Object.fromEntries(classes.map((name, i) => [name, mean[i].toFixed(4)])),
        weights: name,
        'accuracy of the weights': accuracy === undefined ? 'not measured' : accuracy.toFixed(4),
      };
    });
  }
}

export const meanOf = ({ sums, frames }: Second): number[] =>
  Array.from(sums, (sum) => sum / frames);

/** A, B … Z, AA, AB …: faces in the order in which they came. */
export function letterOf(index: number): string {
  const rest = Math.floor(index / 26);
  return (rest > 0 ? letterOf(rest - 1) : '') + String.fromCharCode(65 + (index % 26));
}
