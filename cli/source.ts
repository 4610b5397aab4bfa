import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  dropClass,
  subset,
  subsetSequences,
  type ImageSet,
  type SequenceSet,
  type Split,
} from '../src/data/dataset';
import { loadImageFolder } from '../src/data/image_folder';
import { splitBySubject } from '../src/data/load';
import { diskTree, diskZip, loadCkPlus, loadFer2013 } from '../src/data/node_files';
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
}

export interface DataSource {
  kind: 'fer2013' | 'ckplus' | 'images' | 'sequences' | (typeof SYNTHETIC)[number];
  sets: Partial<Record<Split, ImageSet | SequenceSet>>;
}

/** The path of a data option made absolute, so that it holds from other folders too. */
export function dataPath(data: string): string {
  return (SYNTHETIC as readonly string[]).includes(data) ? data : resolve(data);
}

/**
 * Opens a data set. FER2013 (fer2013.csv, or a folder of IDX files) has its three splits; CK+ and
 * the synthetic ones have held-out persons in place of `publictest` (synthetic: and `privatetest`);
 * folders and zips of pictures by class have their own splits or a fifth held out.
 */
export async function openData(spec: DataSpec, splits?: readonly Split[]): Promise<DataSource> {
  const { kind, sets } = await read(spec, splits);
  for (const split of Object.keys(sets) as Split[]) {
    let set = sets[split];
    if (!set) continue;
    if (spec.lastFrame) set = lastFrames(set);
    for (const name of spec.without) set = withoutClass(set, name);
    sets[split] = set;
  }
  return { kind, sets };
}

async function read({ data, fold }: DataSpec, splits?: readonly Split[]): Promise<DataSource> {
  const wanted = (split: Split) => !splits || splits.includes(split);
  if ((SYNTHETIC as readonly string[]).includes(data)) {
    const kind = data as (typeof SYNTHETIC)[number];
    const sets: DataSource['sets'] = {};
    if (wanted('training')) sets.training = synthetic(kind, 1, 2240, 0);
    if (wanted('publictest')) sets.publictest = synthetic(kind, 2, 700, 100_000);
    if (wanted('privatetest')) sets.privatetest = synthetic(kind, 3, 700, 200_000);
    return { kind, sets };
  }
  if (existsSync(join(data, 'sequences.json'))) {
    const { train, test } = splitBySubject(await loadCkPlus(data), { fold });
    const sets: DataSource['sets'] = {};
    if (wanted('training')) sets.training = train;
    if (wanted('publictest')) sets.publictest = test;
    return { kind: 'ckplus', sets };
  }
  const zip = data.toLowerCase().endsWith('.zip');
  if (zip || holdsPictures(data)) {
    const tree = await (zip ? diskZip(data) : diskTree(data));
    const { kind, sets } = await loadImageFolder(tree, { decode: decodeWithSharp, fold });
    return { kind, sets };
  }
  return { kind: 'fer2013', sets: await loadFer2013(data, splits) };
}

/** Folders of classes or splits, where FER2013 has IDX files. */
function holdsPictures(path: string): boolean {
  if (!existsSync(path) || !statSync(path).isDirectory()) return false;
  const entries = readdirSync(path, { withFileTypes: true });
  if (entries.some(({ name }) => /-idx\d-ubyte(\.gz)?$/.test(name))) return false;
  return entries.some((entry) => !entry.isFile());
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

function withoutClass(set: ImageSet | SequenceSet, name: string): ImageSet | SequenceSet {
  if (!('sequences' in set)) return dropClass(set, name);
  const dropped = set.classes.indexOf(name);
  if (dropped < 0) throw new FacegradError('bad-input', `${set.name} has no class '${name}'`);
  const kept = set.sequences.flatMap(({ label }, i) => (label === dropped ? [] : [i]));
  const rest = subsetSequences(set, kept);
  const moved = (label: number) => (label > dropped ? label - 1 : label);
  return {
    ...rest,
    classes: set.classes.filter((_, c) => c !== dropped),
    // A frame may still be neutral in a sequence that is not; only the sequence's label is learnt.
    labels: rest.labels.map((label) => (label === dropped ? 0 : moved(label))),
    sequences: rest.sequences.map((s) => ({ ...s, label: moved(s.label) })),
  };
}

/** What the split is, for a person. */
export function splitName(kind: DataSource['kind'], split: Split): string {
  if (kind === 'fer2013') return split;
  if (split === 'training') return 'training';
  if (kind === 'images') return 'held-out pictures';
  return kind === 'ckplus' || kind === 'sequences' ? 'held-out subjects' : 'held-out identities';
}

/** Makes a set's classes those of a model, by leaving out the ones that it does not know. */
export function fitClasses(
  set: ImageSet | SequenceSet,
  classes: readonly string[],
): ImageSet | SequenceSet {
  for (const name of set.classes) if (!classes.includes(name)) set = withoutClass(set, name);
  if (set.classes.join() !== classes.join()) {
    throw new FacegradError('bad-input', `${set.name} has other classes than the weights`, {
      wanted: classes,
      available: set.classes,
    });
  }
  return set;
}
