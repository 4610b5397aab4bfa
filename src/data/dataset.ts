/** Sets of labelled grey images and sequences in CPU memory, and what is worth knowing of one. */
import { FacegradError } from '../gpu/errors';

/** The seven expressions in FER2013's order: a label is an index into this list. */
export const EXPRESSIONS = [
  'angry',
  'disgust',
  'fear',
  'happy',
  'sad',
  'surprise',
  'neutral',
] as const;

export type Expression = (typeof EXPRESSIONS)[number];

/** FER2013's splits, as the packed files name them. */
export const SPLITS = ['training', 'publictest', 'privatetest'] as const;

export type Split = (typeof SPLITS)[number];

/** Labelled grey images of one size. */
export interface ImageSet {
  name: string;
  /** Pixels per row. */
  width: number;
  /** Rows per image. */
  height: number;
  count: number;
  /** Pixels, count x height x width, row by row, 0 black to 255 white. */
  images: Uint8Array;
  /** One index into `classes` per image. */
  labels: Uint8Array;
  classes: readonly string[];
  /** Person shown, one number per image, where it is known. */
  groups?: Uint16Array | Uint32Array;
}

/** One labelled sequence of a SequenceSet. */
export interface Sequence {
  /** Image indices in time order. */
  frames: number[];
  /** Index into the set's `classes`. */
  label: number;
  subject: string | number;
}

/** Images and the labelled sequences made of them. `labels` are those of single frames. */
export interface SequenceSet extends ImageSet {
  sequences: Sequence[];
  /** Frames in the longest sequence. */
  length: number;
}

/** Throws `bad-input`, naming the set, if its arrays do not fit together or a label is not the number of a class. */
export function checkSet(set: ImageSet | SequenceSet): void {
  const { name, count, width, height, classes } = set;
  const fail = (what: string, wanted: unknown, available: unknown): never => {
    throw new FacegradError('bad-input', `${name}: ${what}`, { wanted, available });
  };
  const checkBytes = (what: 'images' | 'labels', length: number) => {
    const bytes: unknown = set[what];
    if (!(bytes instanceof Uint8Array || bytes instanceof Uint8ClampedArray)) {
      fail(`its ${what} must be a Uint8Array`, 'Uint8Array', (bytes as object)?.constructor?.name);
    } else if (bytes.length !== length) {
      fail(`${bytes.length} bytes of ${what} for ${count} images`, length, bytes.length);
    }
  };
  checkBytes('images', count * width * height);
  checkBytes('labels', count);
  const isClass = (label: number) =>
    Number.isInteger(label) && label >= 0 && label < classes.length;
  if ('sequences' in set) {
    if (set.sequences.length === 0) fail('it is empty', 'a sequence', 0);
    set.sequences.forEach(({ label, frames }, i) => {
      if (!isClass(label)) fail(`sequence ${i} has the label ${label}`, classes, label);
      const frame = frames.find((f) => !(Number.isInteger(f) && f >= 0 && f < count));
      if (frame !== undefined) fail(`sequence ${i} has the frame ${frame}`, count, frame);
      if (frames.length === 0) fail(`sequence ${i} has no frames`, 'a frame', 0);
    });
  } else {
    if (count === 0) fail('it is empty', 'an image', 0);
    const bad = set.labels.findIndex((label) => !isClass(label));
    if (bad >= 0) fail(`image ${bad} has the label ${set.labels[bad]}`, classes, set.labels[bad]);
  }
}

/** Images per class, in the order of `classes`. */
export function classCounts(set: Pick<ImageSet, 'labels' | 'classes'>): number[] {
  const counts = new Array<number>(set.classes.length).fill(0);
  for (const label of set.labels) counts[label] += 1;
  return counts;
}

/** What {@link duplicates} found. */
export interface DuplicateReport {
  /** Groups of two or more images equal in every pixel. */
  groups: number;
  /** Images that would go if one of each group stayed. */
  surplus: number;
  /** Groups whose images do not all have the same label. */
  contradictory: number;
  /** Images in those groups. */
  contradictoryImages: number;
}

/** Counts the images that are equal in every pixel. */
export function duplicates(set: ImageSet): DuplicateReport {
  const index = new ImageIndex(set);
  const members = new Map<number, number[]>();
  for (let i = 0; i < set.count; i++) {
    const first = index.find(set, i);
    if (first === undefined) {
      index.add(i);
      members.set(i, [i]);
    } else {
      members.get(first)!.push(i);
    }
  }
  const report = { groups: 0, surplus: 0, contradictory: 0, contradictoryImages: 0 };
  for (const group of members.values()) {
    if (group.length < 2) continue;
    report.groups += 1;
    report.surplus += group.length - 1;
    if (group.some((i) => set.labels[i] !== set.labels[group[0]])) {
      report.contradictory += 1;
      report.contradictoryImages += group.length;
    }
  }
  return report;
}

/** What {@link crossSplitDuplicates} found. */
export interface CrossDuplicateReport {
  /** Indices of B's images that are also in A. */
  indices: number[];
  /** How many of them have the label of one of their copies in A. */
  sameLabel: number;
}

/**
 * Finds B's images that are in A too, pixel for pixel: copies of training images in a test set.
 * Throws `bad-input` if the image sizes differ.
 */
export function crossSplitDuplicates(a: ImageSet, b: ImageSet): CrossDuplicateReport {
  if (a.width !== b.width || a.height !== b.height) {
    throw new FacegradError(
      'bad-input',
      `${a.name} has ${a.width}x${a.height} images and ${b.name} ${b.width}x${b.height}`,
    );
  }
  const index = new ImageIndex(a);
  const labelsOf = new Map<number, Set<number>>();
  for (let i = 0; i < a.count; i++) {
    const first = index.find(a, i);
    if (first === undefined) {
      index.add(i);
      labelsOf.set(i, new Set([a.labels[i]]));
    } else {
      labelsOf.get(first)!.add(a.labels[i]);
    }
  }
  const indices: number[] = [];
  let sameLabel = 0;
  for (let i = 0; i < b.count; i++) {
    const copy = index.find(b, i);
    if (copy === undefined) continue;
    indices.push(i);
    if (labelsOf.get(copy)!.has(b.labels[i])) sameLabel += 1;
  }
  return { indices, sameLabel };
}

/** Indices of the images whose pixels are all equal. */
export function blankImages(set: ImageSet): number[] {
  const size = set.width * set.height;
  const blank: number[] = [];
  for (let i = 0; i < set.count; i++) {
    const image = set.images.subarray(i * size, (i + 1) * size);
    if (image.every((pixel) => pixel === image[0])) blank.push(i);
  }
  return blank;
}

/** A set of the images at `indices`, in that order, copied. Throws `bad-input` on a bad index. */
export function subset(set: ImageSet, indices: ArrayLike<number>, name = set.name): ImageSet {
  const size = set.width * set.height;
  const count = indices.length;
  const images = new Uint8Array(count * size);
  const labels = new Uint8Array(count);
  const groups =
    set.groups instanceof Uint32Array ? new Uint32Array(count) : new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const from = indices[i];
    if (!Number.isInteger(from) || from < 0 || from >= set.count) {
      throw new FacegradError('bad-input', `${set.name} has no image ${from} (of ${set.count})`);
    }
    images.set(set.images.subarray(from * size, (from + 1) * size), i * size);
    labels[i] = set.labels[from];
    if (set.groups) groups[i] = set.groups[from];
  }
  const { width, height, classes } = set;
  const result: ImageSet = { name, width, height, count, images, labels, classes };
  if (set.groups) result.groups = groups;
  return result;
}

/** A set of the sequences at `indices` and of no image but theirs. */
export function subsetSequences(
  set: SequenceSet,
  indices: readonly number[],
  name = set.name,
): SequenceSet {
  const imageIndices: number[] = [];
  const newIndex = new Map<number, number>();
  const sequences = indices.map((i) => {
    const sequence = set.sequences[i];
    if (!sequence) {
      throw new FacegradError(
        'bad-input',
        `${set.name} has no sequence ${i} (of ${set.sequences.length})`,
      );
    }
    const frames = sequence.frames.map((frame) => {
      let index = newIndex.get(frame);
      if (index === undefined) {
        index = imageIndices.push(frame) - 1;
        newIndex.set(frame, index);
      }
      return index;
    });
    return { ...sequence, frames };
  });
  const length = sequences.reduce((longest, s) => Math.max(longest, s.frames.length), 0);
  return { ...subset(set, imageIndices, name), sequences, length };
}

/**
 * The set without one class: `dropClass(set, 'neutral')` is the six-class mode. Later classes move
 * up by one. Throws `bad-input` if there is no such class.
 */
export function dropClass<T extends ImageSet | SequenceSet>(set: T, className: string): T {
  if (!set.classes.includes(className)) {
    throw new FacegradError(
      'bad-input',
      `${set.name} has no class '${className}' (it has ${set.classes.join(', ')})`,
    );
  }
  return withClasses(
    set,
    set.classes.filter((name) => name !== className),
  );
}

/** The items of these classes, labelled in their order; the rest is left out. */
export function withClasses<T extends ImageSet | SequenceSet>(
  set: T,
  classes: readonly string[],
): T {
  const moved = set.classes.map((name) => classes.indexOf(name));
  const isKept = (label: number) => moved[label] >= 0;
  if ('sequences' in set) {
    const kept = set.sequences.flatMap(({ label }, i) => (isKept(label) ? [i] : []));
    const rest = subsetSequences(set, kept);
    return {
      ...rest,
      classes,
      // A frame may still be of a class that its sequence is not; only the sequence's label is learnt.
      labels: rest.labels.map((label) => Math.max(0, moved[label])),
      sequences: rest.sequences.map((s) => ({ ...s, label: moved[s.label] })),
    } as SequenceSet as T;
  }
  const kept = Array.from(set.labels.keys()).filter((i) => isKept(set.labels[i]));
  const rest = subset(set, kept);
  return { ...rest, classes, labels: rest.labels.map((label) => moved[label]) } as T;
}

/** Finds equal images: a hash table over one set's pixels. */
class ImageIndex {
  private readonly buckets = new Map<number, number[]>();

  constructor(private readonly set: ImageSet) {}

  /** Adds image i of the indexed set. */
  add(i: number): void {
    const hash = imageHash(this.set, i);
    const bucket = this.buckets.get(hash);
    if (bucket) bucket.push(i);
    else this.buckets.set(hash, [i]);
  }

  /** The added image that equals image i of `set`. */
  find(set: ImageSet, i: number): number | undefined {
    return this.buckets.get(imageHash(set, i))?.find((j) => sameImage(this.set, j, set, i));
  }
}

/** FNV-1a over the pixels of image i. */
function imageHash(set: ImageSet, i: number): number {
  const size = set.width * set.height;
  let hash = 0x811c9dc5;
  for (let p = i * size, end = p + size; p < end; p++) {
    hash = Math.imul(hash ^ set.images[p], 0x01000193);
  }
  return hash;
}

function sameImage(a: ImageSet, i: number, b: ImageSet, j: number): boolean {
  const size = a.width * a.height;
  for (let p = 0; p < size; p++) {
    if (a.images[i * size + p] !== b.images[j * size + p]) return false;
  }
  return true;
}
