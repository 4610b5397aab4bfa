/** Data sets from folders of pictures, plain or zipped; {@link readLayout} says how they may lie. */
import { FacegradError } from '../gpu/errors';
import {
  EXPRESSIONS,
  SPLITS,
  type ImageSet,
  type Sequence,
  type SequenceSet,
  type Split,
} from './dataset';
import { shortList, type FileTree } from './file_tree';
import { checkFold, holdOut, type FoldOptions } from './held_out';
import {
  emotionOf,
  labelsOf,
  readLayout,
  type Found,
  type Layout,
  type Placed,
} from './image_layout';
import { splitBySubject } from './load';
import { greySquare, type GreyOptions, type Picture, type PictureDecoder } from './pictures';

export interface ImageFolderOptions extends GreyOptions, FoldOptions {
  decode: PictureDecoder;
  /** What is taken of a picture, instead of its middle square; undefined leaves it out. */
  crop?: (picture: Picture) => Promise<Picture | undefined>;
  /** Frames that are kept of a sequence: its first, its last and some evenly between (default 4). */
  frames?: number;
  onProgress?: (done: number, total: number) => void;
}

export interface ImageFolder {
  kind: 'images' | 'sequences';
  /** What is held out is `publictest`, and `privatetest` where the folder has three splits. */
  sets: Partial<Record<Split, ImageSet | SequenceSet>>;
  /** What was left out and why, and what was decided for want of a word. */
  notes: string[];
}

/** By CK+'s numbers. */
const CK_EMOTIONS = 'neutral angry contempt disgust fear happy sad surprise'.split(' ');

/** Pictures decoded at the same time. */
const AT_ONCE = 8;

/**
 * Reads a folder of pictures by class. Throws `bad-input`, naming the folder and the file, if there is one
 * class only, if stills and sequences are mixed, if a subject is in two splits, if the same is in it
 * twice, or if a file is not a picture.
 */
export async function loadImageFolder(
  tree: FileTree,
  options: ImageFolderOptions,
): Promise<ImageFolder> {
  const layout = readLayout(tree);
  const { parts, notes, emotions } = layout;
  if (emotions) parts[0].found.sequences = await labelCkPlus(layout, notes);
  for (const { split, found } of parts) {
    if (split === undefined || split === 'training') requireTwoClasses(found);
  }
  if (parts[0].split !== undefined) return loadSplits(tree.name, layout, options);
  checkFold(options);
  const { found } = parts[0];
  if (found.sequences.length === 0) {
    const sets = holdOut(await loadStills(found, options, notes), options);
    return { kind: 'images', sets, notes };
  }
  const { train, test } = splitBySubject(await loadSequences(found, options, notes), options);
  return { kind: 'sequences', sets: { training: train, publictest: test }, notes };
}

async function loadSplits(
  name: string,
  { parts, notes }: Layout,
  options: ImageFolderOptions,
): Promise<ImageFolder> {
  const sets: ImageFolder['sets'] = {};
  const sequences = parts.filter(({ found }) => found.sequences.length > 0).length;
  if (sequences > 0 && sequences < parts.length) {
    throw new FacegradError('bad-input', `${name}: one split holds sequences and another stills`);
  }
  for (const { split, folder, found } of parts) {
    if (sets[split!]) {
      const folders = parts.map(({ folder }) => folder).join(', ');
      throw new FacegradError('bad-input', `${name}: ${folders} are the same split`);
    }
    found.name = `${name} ${folder}`;
    sets[split!] =
      sequences > 0
        ? await loadSequences(found, options, notes)
        : await loadStills(found, options, notes);
  }
  noteMissingClasses(parts, notes);
  requireSeparateSubjects(name, sets);
  // Two splits are one to learn from and one to measure on, whatever that is called.
  if (!sets.publictest && sets.privatetest) {
    sets.publictest = sets.privatetest;
    delete sets.privatetest;
  }
  return { kind: sequences > 0 ? 'sequences' : 'images', sets, notes };
}

/** A class missing from one split is not an error, but worth a note. */
function noteMissingClasses(parts: Layout['parts'], notes: string[]): void {
  const labels = parts.map(({ found }) => labelsOf(found));
  const there = new Set(labels.flatMap((some) => [...some]));
  parts.forEach(({ folder, found }, i) => {
    const missing = found.classes.filter((_, c) => there.has(c) && !labels[i].has(c));
    if (missing.length > 0) notes.push(`${folder} has no pictures of ${missing.join(', ')}.`);
  });
}

function requireSeparateSubjects(name: string, sets: ImageFolder['sets']): void {
  const splitOf = new Map<string, Split>();
  for (const split of SPLITS) {
    const set = sets[split];
    if (!set || !('sequences' in set)) continue;
    for (const { subject } of set.sequences) {
      const other = splitOf.get(String(subject)) ?? split;
      if (other !== split) {
        throw new FacegradError('bad-input', `${name}: subject ${subject} is in two splits`, {
          available: [other, split],
        });
      }
      splitOf.set(String(subject), split);
    }
  }
}

function requireTwoClasses(found: Found): void {
  const [label, ...others] = labelsOf(found);
  if (others.length > 0) return;
  throw new FacegradError(
    'bad-input',
    `${found.name}: every picture is ${found.classes[label]}; a classifier needs at least two classes`,
  );
}

/** The sequences that have an emotion of FER2013's; contempt and the unlabelled are left out. */
async function labelCkPlus({ parts, emotions }: Layout, notes: string[]) {
  const { name, sequences } = parts[0].found;
  for (const sequence of sequences) {
    const entry = emotionOf(emotions!, sequence.frames[0]);
    const emotion = entry && (await readEmotion(entry));
    sequence.label = (EXPRESSIONS as readonly (string | undefined)[]).indexOf(emotion);
  }
  const labelled = sequences.filter(({ label }) => label >= 0);
  if (labelled.length === 0) {
    throw new FacegradError('bad-input', `${name}: no sequence has an emotion label`);
  }
  const out = sequences.length - labelled.length;
  if (out > 0)
    notes.push(`${out} sequences without an emotion label, or labelled contempt, are left out.`);
  return labelled;
}

async function readEmotion(entry: Placed): Promise<string | undefined> {
  const text = new TextDecoder().decode(await entry.read()).trim();
  const number = Number(text);
  if (text === '' || !(number in CK_EMOTIONS)) {
    throw new FacegradError(
      'bad-input',
      `${entry.origin} says '${text.slice(0, 40)}', expected an emotion from 0 to 7`,
    );
  }
  return CK_EMOTIONS[number];
}

async function loadStills(
  { name, classes, stills }: Found,
  options: ImageFolderOptions,
  notes: string[],
): Promise<ImageSet> {
  const entries = stills.map(({ entry }) => entry);
  const { images, kept } = await readPictures(entries, options);
  noteLeftOut(name, entries, kept, notes);
  const { size = 48 } = options;
  const labels = Uint8Array.from(kept, (i) => stills[i].label);
  return { name, width: size, height: size, count: kept.length, images, labels, classes };
}

/** @throws FacegradError `bad-input` where nothing is left */
function noteLeftOut(name: string, entries: Placed[], kept: number[], notes: string[]): void {
  if (kept.length === entries.length) return;
  if (kept.length === 0) {
    throw new FacegradError('bad-input', `${name}: no face was found in any of its pictures`);
  }
  const whole = new Set(kept);
  const out = entries.filter((_, i) => !whole.has(i)).map(({ origin }) => origin);
  notes.push(
    `${name}: no face was found in ${out.length} of ${entries.length} pictures, which are left out (${shortList(out)}).`,
  );
}

async function loadSequences(
  { name, classes, sequences: found }: Found,
  options: ImageFolderOptions,
  notes: string[],
): Promise<SequenceSet> {
  const { size = 48, frames: most = 4 } = options;
  const sequences: Sequence[] = [];
  const entries: Placed[] = [];
  const labels: number[] = [];
  const groups: number[] = [];
  const subjects: string[] = [];
  for (const { subject, label, frames } of found) {
    if (!subjects.includes(subject)) subjects.push(subject);
    const kept = evenly(frames, most);
    sequences.push({ subject, label, frames: kept.map((_, i) => entries.length + i) });
    for (const entry of kept) {
      entries.push(entry);
      labels.push(label);
      groups.push(subjects.indexOf(subject));
    }
  }
  const all = found.reduce((sum, { frames }) => sum + frames.length, 0);
  if (all > entries.length) {
    notes.push(
      `${name}: of ${found.length} sequences up to ${most} pictures each are kept, ${entries.length} of ${all}.`,
    );
  }
  const { images, kept } = await readPictures(entries, options);
  noteLeftOut(name, entries, kept, notes);
  const place = new Map(kept.map((entry, i) => [entry, i]));
  const shorter = sequences
    .map((one) => ({ ...one, frames: one.frames.flatMap((entry) => place.get(entry) ?? []) }))
    .filter(({ frames }) => frames.length > 0);
  return {
    name,
    width: size,
    height: size,
    count: kept.length,
    images,
    labels: Uint8Array.from(kept, (i) => labels[i]),
    groups: Uint16Array.from(kept, (i) => groups[i]),
    classes,
    sequences: shorter,
    length: Math.max(...shorter.map(({ frames }) => frames.length)),
  };
}

/** The first, the last and evenly between: `most` of the list, or all of a shorter one. */
function evenly<T>(list: T[], most: number): T[] {
  if (list.length <= most) return list;
  if (most === 1) return list.slice(-1);
  return Array.from(
    { length: most },
    (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))],
  );
}

/** The pictures one after another, and which they are: all but those that `crop` leaves out. */
async function readPictures(
  entries: Placed[],
  options: ImageFolderOptions,
): Promise<{ images: Uint8Array; kept: number[] }> {
  const { size = 48, decode, crop, onProgress } = options;
  const pictures: (Uint8Array | undefined)[] = [];
  for (let begin = 0; begin < entries.length; begin += AT_ONCE) {
    const some = entries.slice(begin, begin + AT_ONCE);
    await Promise.all(
      some.map(async ({ origin, read }, i) => {
        const whole = await decode(await read(), origin);
        const picture = crop ? await crop(whole) : whole;
        pictures[begin + i] = picture && greySquare(picture, options);
      }),
    );
    onProgress?.(Math.min(entries.length, begin + AT_ONCE), entries.length);
  }
  const kept = entries.map((_, i) => i).filter((i) => pictures[i]);
  const images = new Uint8Array(kept.length * size * size);
  kept.forEach((i, n) => images.set(pictures[i]!, n * size * size));
  return { images, kept };
}
