/** Data sets for the worker: drawn, or read from what a person dropped. */
import { classCounts, subset, type ImageSet, type SequenceSet } from '../../src/data/dataset';
import { treeOfFiles } from '../../src/data/file_tree';
import type { OpenOptions } from '../../src/data/open';
import type { Picture } from '../../src/data/pictures';
import { drawnOneByOne, type SyntheticOptions } from '../../src/data/synthetic';
import { FacegradError } from '../../src/gpu/errors';
import { isSequences, itemLabels } from '../../src/train/batches';
import { FaceFinder, faceOf } from './face_finder';
import type { DataSummary, Photographs, PickedFile, Pictures } from './protocol';
import type { LoadedData } from './run_store';

/** Milliseconds of drawing before the worker hears of anything else. */
const DRAWING_MS = 8;
const TOLD_MS = 250;

/** Lets everything run that waits. Timers would wait longer each time. */
const letOthers = () =>
  new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });

/**
 * The drawn faces of the command line: other persons are held out. Drawn a few at a time, as kernels compile meanwhile, one
 * when the one before is ready.
 */
export async function drawFaces(
  faces: number,
  progress: (done: number, total: number) => void,
): Promise<LoadedData> {
  const held = Math.round(faces / 4);
  let done = 0;
  let told = performance.now();
  let begun = told;
  const draw = async (options: SyntheticOptions): Promise<ImageSet> => {
    const drawing = drawnOneByOne(options);
    for (;;) {
      const next = drawing.next();
      if (next.done) return next.value;
      done++;
      if (performance.now() - begun < DRAWING_MS) continue;
      if (performance.now() - told > TOLD_MS) {
        told = performance.now();
        progress(done, faces + held);
      }
      await letOthers();
      begun = performance.now();
    }
  };
  return {
    kind: 'synthetic',
    training: await draw({ seed: 1, count: faces, firstIdentity: 0 }),
    validation: await draw({ seed: 2, count: held, firstIdentity: 100_000 }),
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

const finder = new FaceFinder();
/** Pictures up to this size were cut to the face before: FER2013's have 48 pixels a side. */
const CUT_BEFORE = 128;

/** What is taken of a photograph. */
function cropFor(photographs: Photographs): OpenOptions['crop'] {
  if (photographs === 'whole') return undefined;
  return async (picture: Picture) => {
    const { width, height, data } = picture;
    if (Math.max(width, height) <= CUT_BEFORE) return picture;
    const pixels = new ImageData(new Uint8ClampedArray(data), width, height);
    const face = faceOf(await finder.find(await createImageBitmap(pixels), true));
    return face ?? (photographs === 'face or whole' ? picture : undefined);
  };
}

/** @throws FacegradError `bad-input` naming the file and what is wrong */
export async function readData(
  files: PickedFile[],
  photographs: Photographs,
  onProgress: OpenOptions['onProgress'],
): Promise<LoadedData> {
  // Readers of every kind of file: nothing that the first look at the page has to wait for.
  const [{ openFiles }, { decodePicture }] = await Promise.all([
    import('../../src/data/open'),
    import('../../src/data/pictures'),
  ]);
  const tree = treeOfFiles(files);
  const crop = cropFor(photographs);
  const { kind, sets, notes } = await openFiles(tree, { decode: decodePicture, crop, onProgress });
  const { training, publictest, privatetest } = sets;
  if (!training) {
    throw new FacegradError('bad-input', `${tree.name} has no images to train on`);
  }
  return { kind, training, validation: publictest ?? privatetest, notes };
}

/** Images of each class, or sequences. */
export function countItems(set: ImageSet | SequenceSet): number[] {
  return classCounts({ classes: set.classes, labels: Uint8Array.from(itemLabels(set)) });
}

export function summarize(data: LoadedData): DataSummary {
  return { ...describe(data), samples: samples(data.training) };
}

/** The data in words and numbers. */
export function describe({
  kind,
  training,
  validation,
  notes = [],
}: LoadedData): Omit<DataSummary, 'samples'> {
  return {
    kind,
    name: training.name,
    classes: [...training.classes],
    training: countItems(training),
    validation: validation ? countItems(validation) : [],
    sequenceLength: isSequences(training) ? training.length : 0,
    notes,
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
