/**
 * Data sets from folders of pictures, plain or zipped:
 *
 *   angry/a.png                         stills; a fold of them is held out
 *   train/angry/a.png  test/angry/b.png stills with their own splits
 *   angry/S010_004_00000017.png         frames of sequences, subject_sequence_frame (CK+48)
 *   angry/S010/004/00000017.png         the same as folders; the level of sequences may be missing
 *   S010/004/S010_004_00000017.png      CK+ as its authors give it, with S010_004_…_emotion.txt
 *
 * Sequences are always split by subject.
 */
import { FacegradError } from '../gpu/errors';
import {
  EXPRESSIONS,
  SPLITS,
  subset,
  type ImageSet,
  type Sequence,
  type SequenceSet,
  type Split,
} from './dataset';
import { isClutter, type FileEntry, type FileTree } from './file_tree';
import { splitBySubject } from './load';
import { greySquare, type GreyOptions, type PictureDecoder } from './pictures';
import { hash32 } from './random';

export interface ImageFolderOptions extends GreyOptions {
  decode: PictureDecoder;
  /** Which part is held out where the folder has no splits, 0 to folds - 1 (default 0 of 5). */
  fold?: number;
  folds?: number;
  seed?: number;
  /** Frames that are kept of a sequence: its first, its last and some evenly between (default 4). */
  frames?: number;
  onProgress?: (done: number, total: number) => void;
}

export interface ImageFolder {
  kind: 'images' | 'sequences';
  /** What is held out is `publictest`, and `privatetest` where the folder has three splits. */
  sets: Partial<Record<Split, ImageSet | SequenceSet>>;
}

const PICTURE = /\.(png|jpe?g|webp)$/i;

const SPLIT_NAMES: Record<string, Split> = {
  train: 'training',
  training: 'training',
  val: 'publictest',
  valid: 'publictest',
  validation: 'publictest',
  publictest: 'publictest',
  test: 'privatetest',
  testing: 'privatetest',
  privatetest: 'privatetest',
};

/** Other names of the expressions, as data sets have them. */
const SYNONYMS: Record<string, string> = {
  anger: 'angry',
  disgusted: 'disgust',
  fearful: 'fear',
  happiness: 'happy',
  sadness: 'sad',
  surprised: 'surprise',
};

/** By CK+'s numbers. */
const CK_EMOTIONS = 'neutral angry contempt disgust fear happy sad surprise'.split(' ');

/** Pictures decoded at the same time. */
const AT_ONCE = 8;

/** A file with its name for messages, however far down a path begins. */
interface Placed extends FileEntry {
  origin: string;
}

interface Tree extends FileTree {
  files: Placed[];
}

interface Labelled {
  entry: Placed;
  label: number;
}

interface Found {
  classes: string[];
  stills: Labelled[];
  sequences: { subject: string; label: number; frames: Placed[] }[];
}

/**
 * Reads a folder of pictures by class. Throws `bad-input`, naming the folder and the file, if a class
 * folder has no pictures, if there is one class only, if stills and sequences are mixed, if a subject
 * is in two splits, or if a file is no picture.
 */
export async function loadImageFolder(
  tree: FileTree,
  options: ImageFolderOptions,
): Promise<ImageFolder> {
  const paths = stripCommonFolder(tree);
  if (!paths.files.some(({ path }) => PICTURE.test(path))) {
    throw new FacegradError('bad-input', `${tree.name} holds no png, jpeg or webp`);
  }
  if (paths.files.some(({ path }) => EMOTION.test(path))) {
    return bySubject(await loadSequences(readCkPlus(paths), tree.name, options), options);
  }
  const top = topFolders(paths);
  const splits = top.filter((folder) => folder.toLowerCase() in SPLIT_NAMES);
  if (splits.length > 0) {
    const stray = top.find((folder) => !splits.includes(folder));
    if (stray !== undefined) {
      throw new FacegradError('bad-input', `${tree.name}: ${stray} beside ${splits.join(', ')}`, {
        wanted: Object.keys(SPLIT_NAMES),
      });
    }
    return loadSplits(paths, splits, options);
  }
  const found = readClasses(paths);
  requireTwoClasses(found, tree.name);
  if (found.sequences.length > 0) {
    return bySubject(await loadSequences(found, tree.name, options), options);
  }
  return byContent(await loadStills(found, tree.name, options), options);
}

async function loadSplits(
  tree: Tree,
  folders: string[],
  options: ImageFolderOptions,
): Promise<ImageFolder> {
  const parts = folders.map((folder) => ({
    folder,
    split: SPLIT_NAMES[folder.toLowerCase()],
    found: readClasses(below(tree, folder)),
  }));
  const classes = classList(parts.flatMap(({ found }) => found.classes));
  const sets: ImageFolder['sets'] = {};
  for (const { folder, split, found } of parts) {
    if (split === 'training') requireTwoClasses(found, `${tree.name}/${folder}`);
    if (sets[split]) {
      throw new FacegradError('bad-input', `${tree.name}: ${folders.join(', ')} are one split`);
    }
    const relabel = (label: number) => classes.indexOf(found.classes[label]);
    found.stills = found.stills.map((still) => ({ ...still, label: relabel(still.label) }));
    found.sequences.forEach((sequence) => (sequence.label = relabel(sequence.label)));
    found.classes = classes;
    const load = found.sequences.length > 0 ? loadSequences : loadStills;
    sets[split] = await load(found, `${tree.name} ${folder}`, options);
  }
  const kinds = new Set(Object.values(sets).map((set) => 'sequences' in set));
  if (kinds.size > 1) {
    throw new FacegradError('bad-input', `${tree.name}: one split has sequences, another stills`);
  }
  requireSeparateSubjects(tree.name, sets);
  // Two splits are one to learn from and one to measure on, whatever that is called.
  if (!sets.publictest && sets.privatetest) {
    sets.publictest = sets.privatetest;
    delete sets.privatetest;
  }
  return { kind: kinds.has(true) ? 'sequences' : 'images', sets };
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

function bySubject(set: SequenceSet, options: ImageFolderOptions): ImageFolder {
  const { train, test } = splitBySubject(set, options);
  return { kind: 'sequences', sets: { training: train, publictest: test } };
}

/** Holds out a fold by a seeded hash of the pixels, so that equal pictures are on the same side. */
function byContent(set: ImageSet, { seed = 0, fold = 0, folds = 5 }: ImageFolderOptions) {
  if (!(
    Number.isInteger(folds) &&
    folds > 1 &&
    Number.isInteger(fold) &&
    fold >= 0 &&
    fold < folds
  )) {
    throw new FacegradError('bad-input', `there is no fold ${fold} of ${folds}`);
  }
  const size = set.width * set.height;
  const sides: [number[], number[]] = [[], []];
  for (let i = 0; i < set.count; i++) {
    let hash = 0x811c9dc5;
    for (let p = i * size; p < (i + 1) * size; p++) {
      hash = Math.imul(hash ^ set.images[p], 0x01000193);
    }
    sides[hash32(seed, hash) % folds === fold ? 1 : 0].push(i);
  }
  const [train, test] = sides;
  if (train.length === 0 || test.length === 0) {
    throw new FacegradError(
      'bad-input',
      `${set.name}: ${set.count} pictures are too few for ${folds} folds of different ones`,
    );
  }
  const sets = {
    training: subset(set, train, `${set.name} train`),
    publictest: subset(set, test, `${set.name} held out`),
  };
  return { kind: 'images' as const, sets };
}

// ---- What is where

/** The tree without clutter, and without folders around everything. */
function stripCommonFolder(tree: FileTree): Tree {
  const { name } = tree;
  let files = tree.files
    .filter(({ path }) => !isClutter(path))
    .map(({ path, read }) => ({ path, read, origin: `${name}/${path}` }));
  let folders = tree.folders.filter((path) => !isClutter(path));
  for (;;) {
    const [only, ...others] = topFolders({ name, files, folders });
    if (only === undefined || others.length > 0 || only.toLowerCase() in SPLIT_NAMES) break;
    const inner = below({ name, files, folders }, only);
    // A folder with pictures in it is a class, not something around the classes.
    if (inner.files.some(({ path }) => !path.includes('/') && PICTURE.test(path))) break;
    if (topFolders(inner).length === 0) break;
    ({ files, folders } = inner);
  }
  return { name, files, folders };
}

function below(tree: Tree, folder: string): Tree {
  const start = `${folder}/`;
  const cut = (path: string) => path.slice(start.length);
  return {
    name: `${tree.name}/${folder}`,
    files: tree.files
      .filter(({ path }) => path.startsWith(start))
      .map((file) => ({ ...file, path: cut(file.path) })),
    folders: tree.folders.filter((path) => path.startsWith(start)).map(cut),
  };
}

/** Names of the folders at the root, in order. */
function topFolders({ files, folders }: FileTree): string[] {
  const names = new Set(folders.map((path) => path.split('/')[0]));
  for (const { path } of files) if (path.includes('/')) names.add(path.split('/')[0]);
  return [...names].sort();
}

/** FER2013's classes where the names are expressions, else the names in order. */
function classList(names: string[]): string[] {
  const different = [...new Set(names)].sort();
  const known: string[] = [...EXPRESSIONS, 'contempt'];
  if (!different.every((name) => known.includes(name))) return different;
  return different.includes('contempt') ? known : [...EXPRESSIONS];
}

function className(folder: string): string {
  const lower = folder.toLowerCase();
  const name = SYNONYMS[lower] ?? lower;
  return name === 'contempt' || (EXPRESSIONS as readonly string[]).includes(name) ? name : folder;
}

function readClasses(tree: Tree): Found {
  const top = topFolders(tree);
  if (top.length === 0) {
    throw new FacegradError('bad-input', `${tree.name} has pictures, but no folders of classes`);
  }
  const classes = classList(top.map(className));
  if (classes.length > 256) {
    throw new FacegradError('bad-input', `${tree.name} has ${classes.length} classes, 256 at most`);
  }
  const stills: Labelled[] = [];
  const sequences: Found['sequences'] = [];
  for (const folder of top) {
    const label = classes.indexOf(className(folder));
    const inside = below(tree, folder);
    const pictures = inside.files
      .filter(({ path }) => PICTURE.test(path))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    if (pictures.length === 0) {
      throw new FacegradError('bad-input', `${inside.name} is a class without a png, jpeg or webp`);
    }
    const frames = pictures.map((entry) => ({ entry, of: sequenceOf(entry.path) }));
    const odd = frames.find(({ of }) => (of === undefined) !== (frames[0].of === undefined));
    if (odd) {
      throw new FacegradError(
        'bad-input',
        `${inside.name} mixes stills and sequences: ${pictures[0].origin} and ${odd.entry.origin}`,
      );
    }
    if (frames[0].of) sequences.push(...gather(frames as Frame[], label));
    else stills.push(...pictures.map((entry) => ({ entry, label })));
  }
  if (stills.length > 0 && sequences.length > 0) {
    throw new FacegradError(
      'bad-input',
      `${tree.name} mixes stills and sequences: ${stills[0].entry.origin} and ${sequences[0].frames[0].origin}`,
    );
  }
  return { classes, stills, sequences };
}

interface Frame {
  entry: Placed;
  of: { subject: string; sequence: string };
}

const CK_NAME = /^(S\d+)_(\d+)_(\d+)\.\w+$/i;
const EMOTION = /(?:^|\/)(S\d+)_(\d+)_(\d+)_emotion\.txt$/i;

/** Subject and sequence of a frame by its path in the class folder; undefined for a still. */
function sequenceOf(path: string): Frame['of'] | undefined {
  const parts = path.split('/');
  const [, subject, sequence] = CK_NAME.exec(parts[parts.length - 1]) ?? [];
  if (subject) return { subject: subject.toUpperCase(), sequence };
  if (parts.length === 1) return undefined;
  return { subject: parts[0], sequence: parts.slice(1, -1).join('/') };
}

/** Frames, which are in order, as sequences. */
function gather(frames: Frame[], label: number): Found['sequences'] {
  const sequences = new Map<string, Found['sequences'][number]>();
  for (const { entry, of } of frames) {
    const key = `${of.subject}/${of.sequence}`;
    const sequence = sequences.get(key);
    if (sequence) sequence.frames.push(entry);
    else sequences.set(key, { subject: of.subject, label, frames: [entry] });
  }
  return [...sequences.values()];
}

/** CK+ itself: what has an emotion file is labelled by it; contempt and the rest are left out. */
function readCkPlus(tree: Tree): Found & { emotions: Map<string, Placed> } {
  const emotions = new Map<string, Placed>();
  for (const entry of tree.files) {
    const [, subject, sequence] = EMOTION.exec(entry.path) ?? [];
    if (subject) emotions.set(`${subject}/${sequence}`, entry);
  }
  const frames = tree.files
    .filter(({ path }) => CK_NAME.test(path.slice(path.lastIndexOf('/') + 1)))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((entry) => ({ entry, of: sequenceOf(entry.path)! }));
  return { classes: [...EXPRESSIONS], stills: [], sequences: gather(frames, -1), emotions };
}

async function readEmotion(entry: Placed): Promise<string | undefined> {
  const text = new TextDecoder().decode(await entry.read()).trim();
  const number = Number(text);
  if (text === '' || !(number in CK_EMOTIONS)) {
    throw new FacegradError(
      'bad-input',
      `${entry.origin} says '${text.slice(0, 40)}', wanted an emotion of 0 to 7`,
    );
  }
  return CK_EMOTIONS[number];
}

function requireTwoClasses({ classes, stills, sequences }: Found, name: string): void {
  const labels = new Set([...stills, ...sequences].map(({ label }) => label));
  if (labels.size > 1) return;
  throw new FacegradError(
    'bad-input',
    `${name}: every picture is ${classes[[...labels][0]]}; a classifier needs two classes`,
  );
}

// ---- Reading

async function loadStills(
  { classes, stills }: Found,
  name: string,
  options: ImageFolderOptions,
): Promise<ImageSet> {
  const images = await readPictures(
    stills.map(({ entry }) => entry),
    options,
  );
  const { size = 48 } = options;
  const labels = Uint8Array.from(stills, ({ label }) => label);
  return { name, width: size, height: size, count: stills.length, images, labels, classes };
}

async function loadSequences(
  found: Found & { emotions?: Map<string, Placed> },
  name: string,
  options: ImageFolderOptions,
): Promise<SequenceSet> {
  const { size = 48, frames: most = 4 } = options;
  const sequences: Sequence[] = [];
  const entries: Placed[] = [];
  const labels: number[] = [];
  const groups: number[] = [];
  const subjects: string[] = [];
  for (const { subject, label: known, frames } of found.sequences) {
    const label = found.emotions ? await ckPlusLabel(found.emotions, frames[0].path) : known;
    if (label === undefined) continue;
    if (!subjects.includes(subject)) subjects.push(subject);
    const kept = evenly(frames, most);
    sequences.push({ subject, label, frames: kept.map((_, i) => entries.length + i) });
    for (const entry of kept) {
      entries.push(entry);
      labels.push(label);
      groups.push(subjects.indexOf(subject));
    }
  }
  if (sequences.length === 0) {
    throw new FacegradError('bad-input', `${name}: no sequence of pictures has an emotion`);
  }
  return {
    name,
    width: size,
    height: size,
    count: entries.length,
    images: await readPictures(entries, options),
    labels: Uint8Array.from(labels),
    groups: Uint16Array.from(groups),
    classes: found.classes,
    sequences,
    length: Math.max(...sequences.map(({ frames }) => frames.length)),
  };
}

async function ckPlusLabel(
  emotions: Map<string, Placed>,
  frame: string,
): Promise<number | undefined> {
  const [, subject, sequence] = CK_NAME.exec(frame.slice(frame.lastIndexOf('/') + 1))!;
  const entry = emotions.get(`${subject}/${sequence}`);
  const emotion = entry && (await readEmotion(entry));
  const label = (EXPRESSIONS as readonly (string | undefined)[]).indexOf(emotion);
  return label < 0 ? undefined : label;
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

async function readPictures(entries: Placed[], options: ImageFolderOptions): Promise<Uint8Array> {
  const { size = 48, decode, onProgress } = options;
  const images = new Uint8Array(entries.length * size * size);
  for (let begin = 0; begin < entries.length; begin += AT_ONCE) {
    const some = entries.slice(begin, begin + AT_ONCE);
    await Promise.all(
      some.map(async ({ origin, read }, i) => {
        const picture = await decode(await read(), origin);
        images.set(greySquare(picture, options), (begin + i) * size * size);
      }),
    );
    onProgress?.(Math.min(entries.length, begin + AT_ONCE), entries.length);
  }
  return images;
}
