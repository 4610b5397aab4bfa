import { readingOf } from '../live/reading';

/** What two networks said of the same faces, counted. */
export interface Tally {
  readings: number;
  agreed: number;
  /** Readings of faces that were drawn to show a known expression, and how often each network named it. */
  known: number;
  right: [number, number];
}

export const NOTHING: Tally = { readings: 0, agreed: 0, known: 0, right: [0, 0] };

/** Counts one face: the likeliest class of each network, sure or not, against the other's and what it was drawn to show. */
export function count(
  tally: Tally,
  probabilities: readonly ArrayLike<number>[],
  classes: readonly (readonly string[])[],
  shows?: string,
): Tally {
  const [left, right] = classes.map((names, n) => names[readingOf(probabilities[n]).best]);
  const known = shows !== undefined;
  return {
    readings: tally.readings + 1,
    agreed: tally.agreed + Number(left === right),
    known: tally.known + Number(known),
    right: [
      tally.right[0] + Number(known && left === shows),
      tally.right[1] + Number(known && right === shows),
    ],
  };
}
