import { resolve } from 'node:path';
import {
  dropClass,
  subset,
  withClasses,
  type ImageSet,
  type SequenceSet,
  type Split,
} from '../src/data/dataset';
import { diskTree } from '../src/data/node_files';
import { holdOut } from '../src/data/held_out';
import { openFiles, type OpenedData } from '../src/data/open';
import { syntheticFaces, syntheticSequences } from '../src/data/synthetic';
import { FacegradError } from '../src/gpu/errors';
import { decodeWithSharp } from './decode';

/** The data sets that are made on the spot, by the name that `--data` takes. */
export const SYNTHETIC = ['synthetic', 'synthetic-sequences', 'synthetic-pairs'] as const;

/** Which data, so that a run can be gone on with. */
export interface DataSpec {
  /** A path, or one of SYNTHETIC. */
  data: string;
  /** Names of classes to leave out. */
  without: string[];
  /** Of sequences, their last frames alone. */
  lastFrame: boolean;
  /** Which fifth is held out: of the subjects of sequences, of pictures in class folders. */
  fold: number;
  /** What is measured while training: the split `publictest`, or a tenth of Training that is not learnt then. */
  validation?: 'publictest' | 'held';
}

/** All of a data set, as it is. */
export const wholeOf = (data: string): DataSpec => ({
  data: dataPath(data),
  without: [],
  lastFrame: false,
  fold: 0,
});

export interface DataSource extends Omit<OpenedData, 'kind'> {
  kind: OpenedData['kind'] | (typeof SYNTHETIC)[number];
}

/** What a training learns, and what it is measured on. */
export interface TrainingSource extends Pick<DataSource, 'kind' | 'notes'> {
  training: ImageSet | SequenceSet;
  validation?: ImageSet | SequenceSet;
  /** What the validation set is, for a person. */
  held: string;
}

/**
 * Opens what a training needs. The held tenth is the same for every seed: of each class, by a hash of the pixels, so
 * that equal pictures are on one side.
 */
export async function openTraining(spec: DataSpec): Promise<TrainingSource> {
  const held = spec.validation === 'held';
  const { kind, sets, notes } = await openData(
    spec,
    held ? ['training'] : ['training', 'publictest'],
  );
  const { training, publictest } = sets;
  if (!training) throw new FacegradError('bad-input', `${spec.data} has no training split`);
  if (!held)
    return { kind, notes, training, validation: publictest, held: splitName(kind, 'publictest') };
  if ('sequences' in training) {
    throw new FacegradError(
      'bad-input',
      `${training.name} is of sequences: --fold holds subjects out`,
    );
  }
  const { training: learnt, publictest: validation } = holdOut(training, { folds: 10 });
  return { kind, notes, training: learnt, validation, held: 'a tenth of Training' };
}

/** The path of a data option made absolute, so that it holds from other folders too. */
export function dataPath(data: string): string {
  return (SYNTHETIC as readonly string[]).includes(data) ? data : resolve(data);
}

/**
 * Opens a data set, drawn or from a path. FER2013 has its three splits; CK+ and the synthetic ones have
 * held-out persons in place of `publictest` (synthetic: and `privatetest`); pictures by class have their
 * own splits or a fifth held out.
 */
export async function openData(spec: DataSpec, splits?: readonly Split[]): Promise<DataSource> {
  const { kind, sets, notes } = await read(spec, splits);
  for (const split of Object.keys(sets) as Split[]) {
    let set = sets[split];
    if (!set) continue;
    if (spec.lastFrame) set = lastFrames(set);
    for (const name of spec.without) set = dropClass(set, name);
    sets[split] = set;
  }
  return { kind, sets, notes };
}

async function read({ data, fold }: DataSpec, splits?: readonly Split[]): Promise<DataSource> {
  const wanted = (split: Split) => !splits || splits.includes(split);
  if ((SYNTHETIC as readonly string[]).includes(data)) {
    const kind = data as (typeof SYNTHETIC)[number];
    const sets: DataSource['sets'] = {};
    if (wanted('training')) sets.training = synthetic(kind, 1, 2240, 0);
    if (wanted('publictest')) sets.publictest = synthetic(kind, 2, 700, 100_000);
    if (wanted('privatetest')) sets.privatetest = synthetic(kind, 3, 700, 200_000);
    return { kind, sets, notes: [] };
  }
  return openFiles(await diskTree(data), { decode: decodeWithSharp, fold, splits });
}

/** Sets of different `first` share no face. */
function synthetic(
  kind: (typeof SYNTHETIC)[number],
  seed: number,
  count: number,
  firstIdentity: number,
): ImageSet | SequenceSet {
  if (kind === 'synthetic') return syntheticFaces({ seed, count, firstIdentity });
  const pairs = kind === 'synthetic-pairs';
  return syntheticSequences({ seed, count: count / 2, firstIdentity, pairs });
}

/** The last frame of each sequence, labelled as the sequence. */
function lastFrames(set: ImageSet | SequenceSet): ImageSet {
  if (!('sequences' in set)) {
    throw new FacegradError('bad-input', `${set.name} has no sequences, so no last frames`);
  }
  const frames = set.sequences.map(({ frames }) => frames[frames.length - 1]);
  const labels = Uint8Array.from(set.sequences, ({ label }) => label);
  return { ...subset(set, frames, `${set.name}, last frames`), labels };
}

/** What the split is, for a person. */
export function splitName(kind: DataSource['kind'], split: Split): string {
  if (kind === 'fer2013') return split;
  if (split === 'training') return 'training';
  if (kind === 'images') return 'held-out pictures';
  return kind === 'ckplus' || kind === 'sequences' ? 'held-out subjects' : 'held-out identities';
}

/**
 * Makes a set's classes those of a model, whatever their order: what is of another class is left out, and
 * said in `notes`. Throws `bad-input` if the model knows none of them.
 */
export function fitClasses(
  set: ImageSet | SequenceSet,
  classes: readonly string[],
  notes: string[] = [],
): ImageSet | SequenceSet {
  const unknown = set.classes.filter((name) => !classes.includes(name));
  const missing = classes.filter((name) => !set.classes.includes(name));
  if (missing.length === classes.length) {
    throw new FacegradError(
      'bad-input',
      `${set.name} has none of the classes of the weights: it has ${set.classes.join(', ')}, ` +
        `they have ${classes.join(', ')}`,
    );
  }
  if (unknown.length > 0) {
    notes.push(`${unknown.join(', ')} left out: not a class of the weights.`);
  }
  if (missing.length > 0) notes.push(`The data does not have ${missing.join(', ')}.`);
  return withClasses(set, classes);
}
