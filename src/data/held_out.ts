/** Holding pictures out where a data set has no splits of its own. */
import { FacegradError } from '../gpu/errors';
import { subset, type ImageSet } from './dataset';
import { hash32 } from './random';

export interface FoldOptions {
  seed?: number;
  /** Parts of about equal size (default 5). */
  folds?: number;
  /** The part that is held out, 0 to folds - 1 (default 0). */
  fold?: number;
}

/** Throws `bad-input` for a fold that does not exist. */
export function checkFold({ folds = 5, fold = 0 }: FoldOptions): void {
  const whole = Number.isInteger(folds) && Number.isInteger(fold);
  if (whole && folds > 1 && fold >= 0 && fold < folds) return;
  throw new FacegradError('bad-input', `fold ${fold} does not exist (there are ${folds}, from 0)`);
}

/**
 * Holds out one fold of each class. The pictures of a class are put in the order of a seeded hash of their
 * pixels and dealt out in turn, the next class going on where the last one ended: folds differ by one
 * picture at most, in each class and together, and pictures that are equal are on the same side.
 */
export function holdOut(
  set: ImageSet,
  options: FoldOptions,
): { training: ImageSet; publictest: ImageSet } {
  checkFold(options);
  const { seed = 0, folds = 5, fold = 0 } = options;
  const equals = new Map<number, number[]>();
  const size = set.width * set.height;
  for (let i = 0; i < set.count; i++) {
    let hash = 0x811c9dc5;
    for (let p = i * size; p < (i + 1) * size; p++) {
      hash = Math.imul(hash ^ set.images[p], 0x01000193);
    }
    const place = hash32(seed, hash);
    const same = equals.get(place);
    if (same) same.push(i);
    else equals.set(place, [i]);
  }
  const label = ([first]: number[]) => set.labels[first];
  const inOrder = [...equals]
    .sort(([hashA, a], [hashB, b]) => label(a) - label(b) || hashA - hashB)
    .map(([, indices]) => indices);
  const held = new Set(inOrder.filter((_, i) => i % folds === fold).flat());
  const sides: [number[], number[]] = [[], []];
  for (let i = 0; i < set.count; i++) sides[held.has(i) ? 1 : 0].push(i);
  const [train, test] = sides;
  if (train.length === 0 || test.length === 0) {
    throw new FacegradError(
      'bad-input',
      `${set.name}: ${set.count} distinct pictures are too few for ${folds} folds`,
    );
  }
  return {
    training: subset(set, train, `${set.name} train`),
    publictest: subset(set, test, `${set.name} held out`),
  };
}
