/** By how much the likeliest class must lead the next one; with less the network counts as unsure. */
export const LEAD = 0.1;

/** What a network says of a face. */
export interface Reading {
  /** The likeliest class, and its share. */
  best: number;
  share: number;
  /** Whether it leads by at least `LEAD`. */
  sure: boolean;
}

export function readingOf(probabilities: ArrayLike<number>): Reading {
  let [best, share, next] = [-1, -Infinity, -Infinity];
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] > share) [best, share, next] = [i, probabilities[i], share];
    else next = Math.max(next, probabilities[i]);
  }
  return { best, share, sure: share - next >= LEAD };
}

/** In words: `happy 83 %`, or `unsure` where nothing leads. */
export function readingText(probabilities: ArrayLike<number>, classes: readonly string[]): string {
  const { best, share, sure } = readingOf(probabilities);
  return sure ? `${classes[best]} ${(100 * share).toFixed(0)} %` : 'unsure';
}
