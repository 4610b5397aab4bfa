import type { Log } from './protocol';

/** A time that is guessed: `about 2 minutes`. */
export function roughly(seconds: number): string {
  if (seconds < 45) return 'less than a minute';
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const;
  const [name, length] = units.find(([, length]) => seconds >= 1.5 * length) ?? units[2];
  const count = Math.round(seconds / length);
  return `about ${count === 1 ? `a ${name}` : `${count} ${name}s`}`;
}

/** Bytes in the unit that suits: `5.3 MiB`. */
export function size(bytes: number): string {
  const mib = bytes / 2 ** 20;
  if (mib >= 1024) return `${(mib / 1024).toFixed(1)} GiB`;
  return `${mib.toFixed(mib < 10 ? 1 : 0)} MiB`;
}

/** A share of pictures that is not clearly more than guessing gives. */
export const isGuessing = (accuracy: number, classes: number) =>
  accuracy < 1 / classes + 0.1 * (1 - 1 / classes);

const percent = (share: number) => `${Math.round(100 * share)} %`;

/** What a training has just come to, in a sentence. */
export function moment(
  { training, validation }: Pick<Log, 'training' | 'validation'>,
  classes: readonly string[],
  confusion?: number[][],
): string {
  const chance = percent(1 / classes.length);
  const last = training.slice(-RECENT);
  const held = validation.at(-1);
  if (held) {
    const of = `Of faces it has never seen, it gets ${percent(held.accuracy)} right`;
    if (isGuessing(held.accuracy, classes.length)) return `${of}: hardly better than guessing yet.`;
    const mixed = confusion && mostMixed(confusion);
    if (!mixed) return `${of}.`;
    return `${of}; most often it takes ${classes[mixed[0]]} for ${classes[mixed[1]]}.`;
  }
  if (last.length === 0) return 'The first batch is on its way through the network.';
  const accuracy = last.reduce((sum, point) => sum + point.accuracy, 0) / last.length;
  if (isGuessing(accuracy, classes.length))
    return `It is still guessing: with ${classes.length} classes, ${chance} would be right by chance.`;
  return `It has begun to tell faces apart: ${percent(accuracy)} of the last batches is right, where guessing gives ${chance}.`;
}

/** Looks that say how it goes at the moment. */
const RECENT = 10;

/** The class that is taken most often for another one, and which; undefined where nothing is. */
function mostMixed(confusion: number[][]): [number, number] | undefined {
  let most: [number, number] | undefined;
  confusion.forEach((row, truth) =>
    row.forEach((count, said) => {
      if (truth === said || count === 0) return;
      if (!most || count > confusion[most[0]][most[1]]) most = [truth, said];
    }),
  );
  return most;
}
