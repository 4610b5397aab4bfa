/**
 * Opens whatever a person gives as data: a file or a folder, in a page or on a disk. What is in it is told by
 * names and first lines; what could be two things is asked about, and what is left out is said.
 */
import { FacegradError } from '../gpu/errors';
import type { ImageSet, SequenceSet, Split } from './dataset';
import { parseFer2013Csv, peekFer2013Csv, type CsvSource } from './fer2013_csv';
import {
  baseName,
  isClutter,
  listFiles,
  shortList,
  type FileEntry,
  type FileTree,
} from './file_tree';
import { gunzipStream } from './gzip';
import { checkFold, holdOut } from './held_out';
import { loadImageFolder, type ImageFolderOptions } from './image_folder';
import { holdsPictures, isPicture, PICTURE_KINDS } from './image_layout';
import { loadCkPlusFolder, loadFer2013Folder, requireSplit, splitBySubject } from './load';
import { openZip } from './zip';

export interface OpenOptions extends Omit<ImageFolderOptions, 'onProgress'> {
  /** Splits of FER2013 to keep (default: all). */
  splits?: readonly Split[];
  /** Told what is being done, and how much of it. */
  onProgress?: (what: string, done?: number, total?: number) => void;
}

export interface OpenedData {
  kind: 'fer2013' | 'ckplus' | 'images' | 'sequences';
  /** Where the data has no splits, what is held out is `publictest`. */
  sets: Partial<Record<Split, ImageSet | SequenceSet>>;
  /** What was left out and why, and what was decided for want of a word: sentences for a person. */
  notes: string[];
}

const IDX = /-idx\d-\w+(\.gz)?$/i;
const CSV = /\.csv(\.gz)?$/i;
const ZIP = /\.zip$/i;
const OTHER_ARCHIVE = /\.(tar|tgz|tbz2?|txz|rar|7z)$|\.tar\.\w+$|\.gz$/i;

const WANTED =
  `fer2013.csv (or .csv.gz), IDX files, or pictures (${PICTURE_KINDS}) in one folder per class, ` +
  'unpacked or in a .zip';

/** Throws `bad-input`, naming the file and what to do, if this is no data or more than one. */
export function openFiles(tree: FileTree, options: OpenOptions): Promise<OpenedData> {
  return open(tree, options, true);
}

async function open(tree: FileTree, options: OpenOptions, outermost: boolean): Promise<OpenedData> {
  const { name } = tree;
  const fail = (what: string): never => {
    throw new FacegradError('bad-input', `${name}${what}`);
  };
  const files = tree.files.filter(({ path }) => !isClutter(path));
  const matching = (pattern: RegExp) => files.filter(({ path }) => pattern.test(baseName(path)));
  if (files.length === 0) return fail(`: no files found; expected ${WANTED}`);

  const idx = matching(IDX);
  if (idx.length > 0) return openIdx(tree, files, idx, options);

  const csvs = matching(CSV);
  const heads = await Promise.all(
    csvs.map(async (file) => ({
      file,
      ...(await peek(file, csvs.length === 1 && files.length === 1)),
    })),
  );
  const faces = heads.filter(({ faces }) => faces);
  if (holdsPictures(tree)) {
    if (faces.length > 0) {
      fail(` holds folders of pictures and ${faces[0].file.path}: open just one of them`);
    }
    return openPictures(tree, options);
  }
  if (faces.length > 0) {
    // A file that says what its rows are for says more than one that does not.
    const telling = faces.filter(({ usage }) => usage);
    const [chosen, ...rest] = telling.length > 0 ? telling : faces;
    if (rest.length > 0) {
      const paths = [chosen, ...rest].map(({ file }) => file.path);
      fail(` holds ${shortList(paths)}: open just one of them`);
    }
    return openCsv(chosen.file, chosen.usage, files, options);
  }
  if (files.some(({ path }) => isPicture(path))) return openPictures(tree, options);

  const [zip, ...more] = matching(ZIP);
  if (zip && outermost) {
    if (more.length > 0) {
      const paths = [zip, ...more].map(({ path }) => path);
      fail(` holds ${shortList(paths)}: open one .zip at a time, with everything in it`);
    }
    options.onProgress?.(`opening ${zip.path}`);
    const { size, slice } = zip;
    const source =
      slice && size !== undefined
        ? { size, read: slice }
        : new Blob([(await zip.read()) as Uint8Array<ArrayBuffer>]);
    const opened = await open(await openZip(source, zip.path), options, false);
    return { ...opened, notes: [...leftOut(files, [zip]), ...opened.notes] };
  }
  const archive = matching(OTHER_ARCHIVE).find((file) => !csvs.includes(file));
  if (archive) {
    const tar = /tar|\.tgz$|\.tbz|\.txz$/i.test(archive.path);
    fail(
      `${archive.path === name ? '' : `: ${archive.path}`}: this kind of archive is not supported: unpack it` +
        `${tar ? ` (tar xf ${baseName(archive.path)})` : ''} and open its contents`,
    );
  }
  // The reader of csv files says best what is wrong with one.
  if (csvs.length > 0) return openCsv(csvs[0], true, files, options);
  return fail(`: expected ${WANTED}; found only ${listFiles(files)}`);
}

async function openIdx(
  tree: FileTree,
  files: FileEntry[],
  idx: FileEntry[],
  options: OpenOptions,
): Promise<OpenedData> {
  const folders = new Set(idx.map(({ path }) => path.slice(0, -baseName(path).length)));
  if (folders.size > 1) {
    throw new FacegradError(
      'bad-input',
      `${tree.name} holds IDX files in ${shortList([...folders].map((folder) => folder || 'itself'))}: ` +
        'open just one of these folders',
    );
  }
  options.onProgress?.('reading IDX files');
  const [folder] = folders;
  const inside = files.filter(({ path }) => path === folder + baseName(path));
  const here = { ...tree, files: inside };
  const sequences = inside.filter(({ path }) => baseName(path) === 'sequences.json');
  const read = [...idx, ...sequences].filter(({ path }) =>
    /sequences\.json$|(images-idx3|labels-idx1)-ubyte(\.gz)?$/i.test(path),
  );
  const notes = leftOut(files, read);
  if (sequences.length > 0) {
    const { train, test } = splitBySubject(await loadCkPlusFolder(here), options);
    return { kind: 'ckplus', sets: { training: train, publictest: test }, notes };
  }
  return { kind: 'fer2013', sets: await loadFer2013Folder(here, options.splits), notes };
}

async function openCsv(
  file: FileEntry,
  usage: boolean,
  files: FileEntry[],
  options: OpenOptions,
): Promise<OpenedData> {
  const { path } = file;
  const { onProgress, splits } = options;
  onProgress?.(`reading ${path}`);
  const notes = leftOut(files, [file]);
  const source = await textOf(file);
  if (usage) {
    const sets = await parseFer2013Csv(source, { file: path, splits });
    if (splits) requireSplit(sets, path, splits);
    return { kind: 'fer2013', sets, notes };
  }
  checkFold(options);
  const { training } = await parseFer2013Csv(source, { file: path });
  notes.push(`${path} has no Usage column, so a fold of its rows is held out.`);
  return { kind: 'images', sets: holdOut({ ...training!, name: path }, options), notes };
}

async function openPictures(tree: FileTree, options: OpenOptions): Promise<OpenedData> {
  const { onProgress } = options;
  return loadImageFolder(tree, {
    ...options,
    onProgress: (done, total) => onProgress?.('reading pictures', done, total),
  });
}

/** What a csv says of itself in its first line; nothing where that cannot be read and need not be. */
async function peek(file: FileEntry, only: boolean): ReturnType<typeof peekFer2013Csv> {
  try {
    return await peekFer2013Csv(await textOf(file));
  } catch (error) {
    if (only) throw error;
    return { faces: false, usage: false };
  }
}

async function textOf(file: FileEntry): Promise<CsvSource> {
  const stream =
    file.stream?.() ?? new Blob([(await file.read()) as Uint8Array<ArrayBuffer>]).stream();
  return /\.gz$/i.test(file.path) ? gunzipStream(stream, file.path) : stream;
}

function leftOut(files: readonly FileEntry[], read: readonly FileEntry[]): string[] {
  const rest = files.filter((file) => !read.includes(file));
  const what = read.length === 1 ? read[0].path : 'the IDX files';
  return rest.length > 0 ? [`Ignored next to ${what}: ${listFiles(rest)}.`] : [];
}
