/**
 * What is where in a folder of pictures:
 *
 *   angry/a.png                         stills; a fold of them is held out
 *   angry/anywhere/a.png                stills too
 *   train/angry/a.png  test/angry/b.png stills with their own splits; angry/train/a.png as well
 *   angry/S010_004_00000017.png         frames of sequences, subject_sequence_frame (CK+48)
 *   angry/S010/004/00000017.png         the same as folders
 *   S010/004/S010_004_00000017.png      CK+ as its authors give it, with S010_004_…_emotion.txt
 */
import { FacegradError } from '../gpu/errors';
import { EXPRESSIONS, type Split } from './dataset';
import {
  baseName,
  below,
  isClutter,
  listFiles,
  shortList,
  topFolders,
  type FileEntry,
  type FileTree,
} from './file_tree';

/** A file with its name for messages, however far down a path begins. */
export interface Placed extends FileEntry {
  origin: string;
}

export interface FoundSequence {
  subject: string;
  label: number;
  frames: Placed[];
}

/** The pictures of a folder or of one of its splits. */
export interface Found {
  /** For messages. */
  name: string;
  classes: string[];
  stills: { entry: Placed; label: number }[];
  sequences: FoundSequence[];
}

export interface Layout {
  /** One part without a split, or one for each. */
  parts: { split?: Split; folder: string; found: Found }[];
  /** CK+ itself: the files that hold the emotions, by `subject/sequence`. */
  emotions?: Map<string, Placed>;
  /** What was left out, and how what can be taken for two things was taken. */
  notes: string[];
}

const PICTURE = /\.(png|jpe?g|jpe|jfif|pjpe?g|pjp|webp|bmp|dib)$/i;
export const isPicture = (path: string) => PICTURE.test(path);
export const PICTURE_KINDS = 'PNG, JPEG, WebP or BMP';

const SPLIT_NAMES: Record<string, Split> = {
  train: 'training',
  training: 'training',
  val: 'publictest',
  valid: 'publictest',
  validation: 'publictest',
  dev: 'publictest',
  publictest: 'publictest',
  test: 'privatetest',
  testing: 'privatetest',
  eval: 'privatetest',
  privatetest: 'privatetest',
};
const splitOf = (folder: string): Split | undefined => SPLIT_NAMES[folder.toLowerCase()];

/** Other names of the expressions, as data sets have them. */
const SYNONYMS: Record<string, string> = {
  anger: 'angry',
  disgusted: 'disgust',
  fearful: 'fear',
  happiness: 'happy',
  sadness: 'sad',
  surprised: 'surprise',
};

const CK_NAME = /^(S\d+)_(\d+)_(\d+)\.\w+$/i;
const EMOTION = /(?:^|\/)(S\d+)_(\d+)_(\d+)_emotion\.txt$/i;

/** Whether there are folders of pictures to make classes of. */
export function holdsPictures({ files }: FileTree): boolean {
  return files.some(({ path }) => isPicture(path) && path.includes('/') && !isClutter(path));
}

/**
 * Sorts a tree of pictures into splits and classes. Throws `bad-input`, naming the folder and the file,
 * where that cannot be told without guessing.
 */
export function readLayout(tree: FileTree): Layout {
  const { name } = tree;
  const files = tree.files
    .filter(({ path }) => !isClutter(path))
    .map((file) => ({ ...file, origin: `${name}/${file.path}` }));
  const all = files.filter(({ path }) => isPicture(path));
  const others = files.filter(({ path }) => !isPicture(path));
  if (all.length === 0) {
    const there = others.length > 0 ? `, only ${listFiles(others)}` : '';
    throw new FacegradError('bad-input', `${name} contains no ${PICTURE_KINDS}${there}`);
  }
  const emotions = others.filter(({ path }) => EMOTION.test(path));
  const unread = others.filter((file) => !emotions.includes(file));
  const notes: string[] = [];
  if (unread.length > 0) {
    notes.push(`Left out, because only ${PICTURE_KINDS} can be read: ${listFiles(unread)}.`);
  }
  if (emotions.length > 0) return ckPlus(name, all, emotions, notes);

  const pictures = splitsFirst(stripCommonFolder(all));
  const top = topFolders(pictures);
  const splits = top.filter(splitOf);
  refuseDoubled(name, pictures, top);
  if (splits.length === 0) refuseParts(name, pictures, top);
  const stray = splits.length > 0 && top.find((folder) => !splitOf(folder));
  if (stray) {
    throw new FacegradError('bad-input', `${name}: ${stray} beside ${splits.join(', ')}`, {
      wanted: Object.keys(SPLIT_NAMES),
    });
  }
  const loose = pictures.filter(({ path }) => !path.includes('/'));
  const parts: Layout['parts'] =
    splits.length > 0
      ? splits.map((folder) => {
          const inside = stripCommonFolder(below(pictures, folder), true);
          loose.push(...inside.filter(({ path }) => !path.includes('/')));
          return {
            split: splitOf(folder),
            folder,
            found: readClasses(`${name}/${folder}`, inside),
          };
        })
      : [{ folder: '', found: readClasses(name, pictures) }];
  if (loose.length > 0) {
    const places = shortList(
      loose.map(({ origin }) => origin.slice(name.length + 1)),
      3,
    );
    notes.push(`Left out, because they are not in a class folder: ${places}.`);
  }
  uniteClasses(parts);
  const known = parts.flatMap(({ found }) => [...labelsOf(found)].map((c) => found.classes[c]));
  const bare = tree.folders.filter(
    (folder) =>
      !isClutter(folder) &&
      !all.some(({ path }) => path.startsWith(`${folder}/`)) &&
      !(splits.length > 0 && known.includes(className(baseName(folder)))),
  );
  // The outermost alone: what is in it is without pictures too.
  const outer = bare.filter((folder) => !bare.some((other) => folder.startsWith(`${other}/`)));
  if (outer.length > 0) notes.push(`No pictures in: ${shortList(outer)}.`);
  return {
    parts,
    notes: [...(tree.notes ?? []), ...notes, ...depthNotes(parts.map(({ found }) => found))],
  };
}

/** The pictures without folders around everything, or around everything of a split. */
function stripCommonFolder(pictures: Placed[], inSplit = false): Placed[] {
  for (;;) {
    const [only, ...others] = topFolders(pictures);
    if (only === undefined || others.length > 0 || (splitOf(only) && !inSplit)) return pictures;
    if (pictures.some(({ path }) => !path.includes('/'))) return pictures;
    const inner = below(pictures, only);
    // A folder with pictures in it is a class, not something around the classes.
    if (inner.some(({ path }) => !path.includes('/'))) return pictures;
    pictures = inner;
  }
}

/** Splits in each class as classes in each split. */
function splitsFirst(pictures: Placed[]): Placed[] {
  const paths = pictures.map(({ path }) => path.split('/'));
  if (!paths.every((parts) => parts.length > 2 && splitOf(parts[1]) && !splitOf(parts[0]))) {
    return pictures;
  }
  return pictures.map((picture, i) => {
    const [label, split, ...rest] = paths[i];
    return { ...picture, path: [split, label, ...rest].join('/') };
  });
}

/** An archive that was unpacked into itself holds everything twice. */
function refuseDoubled(name: string, pictures: Placed[], top: string[]): void {
  for (const folder of top) {
    const inner = topFolders(below(pictures, folder)).filter((one) => top.includes(one));
    const what = inner.every(splitOf) ? 'splits' : 'classes';
    if (inner.length < (what === 'splits' ? 1 : 2) || splitOf(folder)) continue;
    const { path, origin } = pictures.find(({ path }) => path.startsWith(`${folder}/`))!;
    const inside = origin.slice(name.length + 1, origin.length - path.length + folder.length);
    throw new FacegradError(
      'bad-input',
      `${name} holds the same ${what} twice, ${inner.join(', ')}, the second time in ${inside}: ` +
        `open ${inside} by itself (of a zip: unpack it first)`,
    );
  }
}

/** Folds, persons, sessions: folders that are no classes, with the same expressions in each. */
function refuseParts(name: string, pictures: Placed[], top: string[]): void {
  const inner = new Set(pictures.flatMap(({ path }) => path.split('/').slice(1, -1).slice(0, 1)));
  const expressions = (folders: Iterable<string>) => [...folders].filter(isExpression);
  const inside = expressions(inner);
  if (inside.length < 2 || inside.length < inner.size || expressions(top).length > 0) return;
  throw new FacegradError(
    'bad-input',
    `${name}: ${shortList(top)} are not classes, as ${shortList(inside)} are inside them: ` +
      'rename them to train, val and test, open one of them, or put the classes outermost',
  );
}

/** FER2013's classes where the names are expressions, else the names in order. */
function classList(names: string[]): string[] {
  const different = [...new Set(names)].sort();
  if (!different.every((name) => NAMES.includes(name))) return different;
  return different.includes('contempt') ? [...NAMES] : [...EXPRESSIONS];
}

const NAMES: readonly string[] = [...EXPRESSIONS, 'contempt'];

function className(folder: string): string {
  const trimmed = folder.trim();
  const lower = trimmed.toLowerCase();
  const name = SYNONYMS[lower] ?? lower;
  return NAMES.includes(name) ? name : trimmed.normalize('NFC');
}

const isExpression = (folder: string) => NAMES.includes(className(folder));

export const labelsOf = ({ stills, sequences }: Found) =>
  new Set([...stills, ...sequences].map(({ label }) => label));

function readClasses(name: string, pictures: Placed[]): Found {
  const folders = topFolders(pictures);
  if (folders.length === 0) {
    throw new FacegradError(
      'bad-input',
      `${name} has pictures but no class folders: sort them into one folder per class`,
    );
  }
  const classes = [...new Set(folders.map(className))];
  if (classes.length > 256) {
    throw new FacegradError(
      'bad-input',
      `${name} has ${classes.length} classes; at most 256 are supported`,
    );
  }
  const found: Found = { name, classes, stills: [], sequences: [] };
  for (const folder of folders) {
    const label = classes.indexOf(className(folder));
    const frames = below(pictures, folder)
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map((entry) => ({ entry, of: sequenceOf(entry.path) }));
    const odd = frames.find(({ of }) => (of === undefined) !== (frames[0].of === undefined));
    if (odd) refuseMixed(`${name}/${folder}`, frames[0].entry, odd.entry);
    if (frames[0].of) found.sequences.push(...gather(frames as Frame[], label));
    else found.stills.push(...frames.map(({ entry }) => ({ entry, label })));
  }
  const { stills, sequences } = found;
  if (stills.length > 0 && sequences.length > 0) {
    refuseMixed(name, stills[0].entry, sequences[0].frames[0]);
  }
  return found;
}

function refuseMixed(name: string, a: Placed, b: Placed): never {
  throw new FacegradError(
    'bad-input',
    `${name} mixes stills and sequences: ${a.origin} and ${b.origin}`,
  );
}

interface Frame {
  entry: Placed;
  of: { subject: string; sequence: string };
}

/**
 * Subject and sequence of a frame by its path in the class folder; undefined for a still. One folder more is
 * no sequence: people sort stills by who took them, or when.
 */
function sequenceOf(path: string): Frame['of'] | undefined {
  const parts = path.split('/');
  const [, subject, sequence] = CK_NAME.exec(parts[parts.length - 1]) ?? [];
  if (subject) return { subject: subject.toUpperCase(), sequence };
  if (parts.length < 3) return undefined;
  return { subject: parts[0], sequence: parts.slice(1, -1).join('/') };
}

/** Frames, which are in order, as sequences. */
function gather(frames: Frame[], label: number): FoundSequence[] {
  const sequences = new Map<string, FoundSequence>();
  for (const { entry, of } of frames) {
    const key = `${of.subject}/${of.sequence}`;
    const sequence = sequences.get(key);
    if (sequence) sequence.frames.push(entry);
    else sequences.set(key, { subject: of.subject, label, frames: [entry] });
  }
  return [...sequences.values()];
}

/** Gives all parts the classes of all, in the order that they are learnt in. */
function uniteClasses(parts: Layout['parts']): void {
  const classes = classList(parts.flatMap(({ found }) => found.classes));
  for (const { found } of parts) {
    const relabel = (label: number) => classes.indexOf(found.classes[label]);
    found.stills = found.stills.map(({ entry, label }) => ({ entry, label: relabel(label) }));
    found.sequences.forEach((sequence) => (sequence.label = relabel(sequence.label)));
    found.classes = classes;
  }
}

/** Folders inside the classes can mean stills or sequences: says how they were taken. */
function depthNotes(parts: Found[]): string[] {
  const folderOf = ({ origin }: Placed) => origin.slice(0, origin.lastIndexOf('/'));
  const inner = parts.flatMap(({ stills }) =>
    stills.flatMap(({ entry }) => (entry.path.includes('/') ? folderOf(entry) : [])),
  );
  const notes: string[] = [];
  if (inner.length > 0) {
    const folders = [...new Set(inner)];
    notes.push(
      `${inner.length} pictures in folders inside the classes, ${shortList(folders, 1)}, are read as stills. ` +
        'Sequences are stored as class/subject/sequence.',
    );
  }
  const deep = parts.flatMap(({ sequences }) => sequences.map(({ frames }) => frames[0]));
  if (deep.some(({ path }) => !CK_NAME.test(baseName(path)))) {
    notes.push(
      `The folders ${shortList([...new Set(deep.map(folderOf))], 1)} are read as sequences, because they are in ` +
        'class/subject/sequence. Stills are at most one folder deep in their class.',
    );
  }
  return notes;
}

/** CK+ itself: what has an emotion file is labelled by it. */
function ckPlus(name: string, pictures: Placed[], files: Placed[], notes: string[]): Layout {
  const emotions = new Map<string, Placed>();
  for (const entry of files) {
    const [, subject, sequence] = EMOTION.exec(entry.path)!;
    emotions.set(ckKey(subject, sequence), entry);
  }
  const isFrame = ({ path }: Placed) => CK_NAME.test(baseName(path));
  const others = pictures.filter((picture) => !isFrame(picture));
  if (others.length > 0) notes.push(`Left out, because they are not frames: ${listFiles(others)}.`);
  const frames = pictures
    .filter(isFrame)
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((entry) => ({ entry, of: sequenceOf(entry.path)! }));
  const found = { name, classes: [...EXPRESSIONS], stills: [], sequences: gather(frames, -1) };
  return { parts: [{ folder: '', found }], emotions, notes };
}

const ckKey = (subject: string, sequence: string) => `${subject.toUpperCase()}/${sequence}`;

/** The emotion file of a CK+ frame. */
export function emotionOf(emotions: Map<string, Placed>, frame: Placed): Placed | undefined {
  const [, subject, sequence] = CK_NAME.exec(baseName(frame.path))!;
  return emotions.get(ckKey(subject, sequence));
}
