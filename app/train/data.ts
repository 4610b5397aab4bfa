/** Data sets for the worker: drawn, or read from what a person dropped. */
import {
  classCounts,
  subset,
  type ImageSet,
  type SequenceSet,
  type Split,
} from '../../src/data/dataset';
import { parseFer2013Csv } from '../../src/data/fer2013_csv';
import type { FileTree } from '../../src/data/file_tree';
import { loadImageFolder } from '../../src/data/image_folder';
import {
  folderOfFiles,
  loadCkPlusFolder,
  loadFer2013Folder,
  splitBySubject,
} from '../../src/data/load';
import { decodePicture } from '../../src/data/pictures';
import { syntheticFaces } from '../../src/data/synthetic';
import { openZip } from '../../src/data/zip';
import { FacegradError } from '../../src/gpu/errors';
import { isSequences, itemLabels } from '../../src/train/batches';
import type { DataSummary, PickedFile, Pictures } from './protocol';
import type { LoadedData } from './run_store';

/** Told while data is read: what is done, and how much of it. */
export type OnProgress = (what: string, done?: number, total?: number) => void;

/** An IDX file is read at once; FER2013's largest has 66 MB. */
const MOST_IDX_BYTES = 400 * 2 ** 20;

/** The drawn faces of the command line: other persons are held out. */
export function drawFaces(faces: number): LoadedData {
  return {
    kind: 'synthetic',
    training: syntheticFaces({ seed: 1, count: faces, firstIdentity: 0 }),
    validation: syntheticFaces({ seed: 2, count: Math.round(faces / 4), firstIdentity: 100_000 }),
  };
}

/**
 * Pictures from the camera. The last fifth of each class is held out: neighbours in time look alike, and
 * picked at random they would be on both sides.
 */
export function recordedFaces(
  classes: { name: string; frames: Uint8Array[] }[],
  size: number,
): LoadedData {
  const set = (pick: (frames: Uint8Array[]) => Uint8Array[]): ImageSet => {
    const picked = classes.flatMap(({ frames }, label) =>
      pick(frames).map((pixels) => ({ pixels, label })),
    );
    const images = new Uint8Array(picked.length * size * size);
    picked.forEach(({ pixels }, i) => images.set(pixels, i * size * size));
    return {
      name: 'your recordings',
      width: size,
      height: size,
      count: picked.length,
      images,
      labels: Uint8Array.from(picked, ({ label }) => label),
      classes: classes.map(({ name }) => name),
    };
  };
  const kept = (frames: Uint8Array[]) => Math.ceil(frames.length * 0.8);
  return {
    kind: 'images',
    training: set((frames) => frames.slice(0, kept(frames))),
    validation: set((frames) => frames.slice(kept(frames))),
  };
}

/** @throws FacegradError `bad-input` naming the file and what is wrong */
export async function readData(files: PickedFile[], onProgress: OnProgress): Promise<LoadedData> {
  const names = files.map(({ path }) => path);
  const ending = (...endings: string[]) =>
    files.filter(({ path }) => endings.some((end) => path.toLowerCase().endsWith(end)));
  const whole = ending('.csv', '.zip');
  if (whole.length > 1) {
    throw new FacegradError(
      'bad-input',
      `${whole.map(({ path }) => path).join(', ')}: one .csv or .zip at a time, with everything in it`,
    );
  }
  const [csv] = ending('.csv');
  const [zip] = ending('.zip');
  if (csv) {
    onProgress(`reading ${csv.path}`);
    return splitSets('fer2013', await parseFer2013Csv(csv.file, { file: csv.path }), csv.path);
  }
  if (zip) {
    onProgress(`opening ${zip.path}`);
    return readPictures(await openZip(zip.file, zip.path), onProgress);
  }
  const idx = ending('-ubyte', '-ubyte.gz');
  if (idx.length > 0) {
    const large = idx.find(({ file }) => file.size > MOST_IDX_BYTES);
    if (large) {
      throw new FacegradError(
        'bad-input',
        `${large.path} has ${megabytes(large.file.size)}; an IDX file of at most ${megabytes(MOST_IDX_BYTES)} is read`,
      );
    }
    onProgress('reading IDX files');
    const folder = folderOfFiles(files.map(({ file }) => file));
    if (ending('sequences.json').length > 0) {
      const { train, test } = splitBySubject(await loadCkPlusFolder(folder));
      return { kind: 'ckplus', training: train, validation: test };
    }
    return splitSets('fer2013', await loadFer2013Folder(folder), 'the IDX files');
  }
  if (ending('.png', '.jpg', '.jpeg', '.webp').length > 0) {
    const tree: FileTree = {
      name: names[0].includes('/') ? names[0].split('/')[0] : 'the chosen files',
      files: files.map(({ path, file }) => ({
        path,
        read: async () => new Uint8Array(await file.arrayBuffer()),
      })),
      folders: [],
    };
    return readPictures(tree, onProgress);
  }
  throw new FacegradError(
    'bad-input',
    `${names.slice(0, 3).join(', ')}${names.length > 3 ? ' …' : ''}: this page reads fer2013.csv, IDX files, and pictures in a folder or .zip with one folder per class`,
    { wanted: ['.csv', '-ubyte', '.zip', '.png', '.jpg', '.webp'], available: names.slice(0, 20) },
  );
}

async function readPictures(tree: FileTree, onProgress: OnProgress): Promise<LoadedData> {
  const { kind, sets } = await loadImageFolder(tree, {
    decode: decodePicture,
    onProgress: (done, total) => onProgress('reading pictures', done, total),
  });
  return splitSets(kind, sets, tree.name);
}

function splitSets(
  kind: LoadedData['kind'],
  sets: Partial<Record<Split, ImageSet | SequenceSet>>,
  name: string,
): LoadedData {
  const { training, publictest, privatetest } = sets;
  if (!training) throw new FacegradError('bad-input', `${name} has no images to train on`);
  return { kind, training, validation: publictest ?? privatetest };
}

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MB`;

/** Images of each class, or sequences. */
export function countItems(set: ImageSet | SequenceSet): number[] {
  return classCounts({ classes: set.classes, labels: Uint8Array.from(itemLabels(set)) });
}

export function summarize(data: LoadedData): DataSummary {
  return { ...describe(data), samples: samples(data.training) };
}

/** The data in words and numbers. */
export function describe({ kind, training, validation }: LoadedData): Omit<DataSummary, 'samples'> {
  return {
    kind,
    name: training.name,
    classes: [...training.classes],
    training: countItems(training),
    validation: validation ? countItems(validation) : [],
    sequenceLength: isSequences(training) ? training.length : 0,
  };
}

/** Images that an item shows: itself, or a sequence's last frame. */
export function imageOf(set: ImageSet | SequenceSet, item: number): number {
  return isSequences(set) ? set.sequences[item].frames.at(-1)! : item;
}

/** The images of some items, as a set of stills labelled as the items. */
export function stills(set: ImageSet | SequenceSet, items: ArrayLike<number>): ImageSet {
  const labels = itemLabels(set);
  const picked = Array.from(items);
  const images = picked.map((item) => imageOf(set, item));
  return { ...subset(set, images), labels: Uint8Array.from(picked, (item) => labels[item]) };
}

export function picturesOf({ width, height, images }: ImageSet): Pictures {
  return { width, height, pixels: images };
}

/** Up to four of each class, class after class. */
function samples(set: ImageSet | SequenceSet): Pictures {
  const labels = itemLabels(set);
  const picked = set.classes.flatMap((_, c) => {
    const found: number[] = [];
    for (let i = 0; i < labels.length && found.length < 4; i++) if (labels[i] === c) found.push(i);
    return found;
  });
  return picturesOf(stills(set, picked));
}
