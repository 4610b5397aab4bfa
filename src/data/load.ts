/** FER2013 and CK+ from IDX files, wherever those are: on a disk, in a drop, in a zip. */
import { FacegradError } from '../gpu/errors';
import {
  EXPRESSIONS,
  SPLITS,
  subsetSequences,
  type ImageSet,
  type Sequence,
  type SequenceSet,
  type Split,
} from './dataset';
import { baseName, type FileTree } from './file_tree';
import { parseIdxImageSet, type NamedBytes } from './idx';
import type { FoldOptions } from './held_out';
import { hash32, hashString } from './random';

/** An IDX file is read at once; FER2013's largest has 66 MB. */
const MOST_BYTES = 400 * 2 ** 20;

/**
 * Reads FER2013 from `<split>-images-idx3-ubyte[.gz]` and `<split>-labels-idx1-ubyte[.gz]`.
 * A split without both files is undefined. Throws `bad-input` if there is only one of a pair, if
 * one cannot be read, or if none of the wanted splits is there.
 */
export async function loadFer2013Folder(
  folder: FileTree,
  splits: readonly Split[] = SPLITS,
): Promise<Record<Split, ImageSet | undefined>> {
  const sets: Record<Split, ImageSet | undefined> = {
    training: undefined,
    publictest: undefined,
    privatetest: undefined,
  };
  for (const split of splits) {
    const images = await readPlainOrGzip(folder, `${split}-images-idx3-ubyte`);
    const labels = await readPlainOrGzip(folder, `${split}-labels-idx1-ubyte`);
    if (!images && !labels) continue;
    if (!images || !labels) {
      const [there, missing] = images ? ['images', 'labels-idx1'] : ['labels', 'images-idx3'];
      throw new FacegradError(
        'bad-input',
        `${folder.name} has the ${there} of ${split} but no ${split}-${missing}-ubyte[.gz]`,
      );
    }
    sets[split] = await parseIdxImageSet(`fer2013 ${split}`, images, labels, EXPRESSIONS);
  }
  requireSplit(sets, folder.name, splits);
  return sets;
}

/** Throws `bad-input` if a source has none of the wanted splits. */
export function requireSplit(
  sets: Record<Split, ImageSet | undefined>,
  source: string,
  splits: readonly Split[],
): void {
  if (splits.some((split) => sets[split])) return;
  throw new FacegradError(
    'bad-input',
    `${source} has none of the FER2013 splits ${splits.join(', ')}`,
  );
}

export interface CkPlusOptions {
  /** Keep the sequences of contempt, as class 7 (default: leave them out, FER2013 has none). */
  contempt?: boolean;
}

/**
 * Reads CK+ from `ckplus48-images-idx3-ubyte[.gz]`, `ckplus48-labels-idx1-ubyte[.gz]` and
 * `sequences.json`: sequences of an onset frame (labelled neutral) and up to three apex frames.
 * `groups` numbers the subjects. Throws `bad-input`, naming the file, if one is missing or wrong.
 */
export async function loadCkPlusFolder(
  folder: FileTree,
  options: CkPlusOptions = {},
): Promise<SequenceSet> {
  const need = async (file: string): Promise<NamedBytes> => {
    const found = await readPlainOrGzip(folder, file);
    if (found) return found;
    throw new FacegradError('bad-input', `${folder.name} has no ${file}`);
  };
  const classes = [...EXPRESSIONS, 'contempt'];
  const images = await parseIdxImageSet(
    'ckplus48',
    await need('ckplus48-images-idx3-ubyte'),
    await need('ckplus48-labels-idx1-ubyte'),
    classes,
  );
  const index = await need('sequences.json');
  const sequences = parseSequences(index, images);
  const subjects = [...new Set(sequences.map((sequence) => String(sequence.subject)))];
  const groups = new Uint16Array(images.count);
  for (const { frames, subject } of sequences) {
    for (const frame of frames) groups[frame] = subjects.indexOf(String(subject));
  }
  const all: SequenceSet = { ...images, groups, sequences, length: 0 };
  const kept = sequences.flatMap(({ label }, i) =>
    options.contempt || classes[label] !== 'contempt' ? [i] : [],
  );
  const set = subsetSequences(all, kept);
  return { ...set, classes: options.contempt ? classes : EXPRESSIONS };
}

/**
 * Splits sequences so that no subject is on both sides: subjects are put in the order of a seeded
 * hash of their names and dealt out to `folds` parts. Who else is in the set moves a subject to
 * another part only when subjects are added or taken away. Throws `bad-input` on a bad fold.
 */
export function splitBySubject(
  set: SequenceSet,
  { seed = 0, folds = 5, fold = 0 }: FoldOptions = {},
): { train: SequenceSet; test: SequenceSet } {
  const hashes = new Map(
    set.sequences.map(({ subject }) => [subject, hash32(seed, hashString(String(subject)))]),
  );
  const subjects = [...hashes.keys()].sort(
    (a, b) => hashes.get(a)! - hashes.get(b)! || (String(a) < String(b) ? -1 : 1),
  );
  if (!Number.isInteger(folds) || folds < 2 || folds > subjects.length) {
    throw new FacegradError(
      'bad-input',
      `${folds} folds of ${subjects.length} subjects: folds must be from 2 to the number of subjects`,
    );
  }
  if (!Number.isInteger(fold) || fold < 0 || fold >= folds) {
    throw new FacegradError(
      'bad-input',
      `fold ${fold} does not exist (there are ${folds}, from 0)`,
    );
  }
  const tested = new Set(subjects.filter((_, i) => i % folds === fold));
  const train: number[] = [];
  const test: number[] = [];
  set.sequences.forEach(({ subject }, i) => (tested.has(subject) ? test : train).push(i));
  return {
    train: subsetSequences(set, train, `${set.name} train`),
    test: subsetSequences(set, test, `${set.name} test`),
  };
}

/** A file by its name, wherever in the tree. */
async function readPlainOrGzip(tree: FileTree, file: string): Promise<NamedBytes | undefined> {
  for (const name of [`${file}.gz`, file]) {
    const found = tree.files.find(({ path }) => baseName(path) === name);
    if (!found) continue;
    if ((found.size ?? 0) > MOST_BYTES) {
      const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`;
      throw new FacegradError(
        'bad-input',
        `${name} has ${megabytes(found.size!)}; IDX files may have at most ${megabytes(MOST_BYTES)}`,
      );
    }
    return { file: name, bytes: await found.read() };
  }
  return undefined;
}

function parseSequences({ file, bytes }: NamedBytes, images: ImageSet): Sequence[] {
  const fail = (what: string): never => {
    throw new FacegradError('bad-input', `${file}: ${what}`);
  };
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    return fail(`not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const list = (root as { sequences?: unknown } | null)?.sequences;
  if (!Array.isArray(list) || list.length === 0) return fail("the list 'sequences' is missing");
  return list.map((entry: unknown, i) => {
    const { subject, label, frames } = (entry ?? {}) as Record<string, unknown>;
    if (typeof subject !== 'string') return fail(`sequence ${i} has no 'subject'`);
    if (typeof label !== 'number' || images.classes[label] === undefined) {
      return fail(
        `sequence ${i}: label ${String(label)}, expected 0 to ${images.classes.length - 1}`,
      );
    }
    if (!Array.isArray(frames) || frames.length === 0) return fail(`sequence ${i} has no 'frames'`);
    const indices = frames.map((frame: unknown) => {
      const { image } = (frame ?? {}) as Record<string, unknown>;
      if (typeof image !== 'number' || !Number.isInteger(image) || !(image in images.labels)) {
        return fail(`sequence ${i}: image ${String(image)}, expected 0 to ${images.count - 1}`);
      }
      return image;
    });
    return { frames: indices, label, subject };
  });
}
