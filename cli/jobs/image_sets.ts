import type { ImageSet, Sequence, SequenceSet } from '../../src/data/dataset';
import { FacegradError } from '../../src/gpu/errors';
import type { Blobs } from './job';

/** An image set without its bytes, which travel beside it as blobs. */
export interface ImageSetHeader {
  name: string;
  width: number;
  height: number;
  count: number;
  classes: readonly string[];
  sequences?: Sequence[];
  length?: number;
}

/** Splits a set into JSON and the blobs `<key>.images` and `<key>.labels`. */
export function packImageSet(
  key: string,
  set: ImageSet | SequenceSet,
): { header: ImageSetHeader; blobs: Blobs } {
  const { name, width, height, count, classes } = set;
  const header: ImageSetHeader = { name, width, height, count, classes };
  if ('sequences' in set) Object.assign(header, { sequences: set.sequences, length: set.length });
  return { header, blobs: { [`${key}.images`]: set.images, [`${key}.labels`]: set.labels } };
}

export function unpackImageSet(
  key: string,
  header: ImageSetHeader,
  blobs: Blobs,
): ImageSet | SequenceSet {
  const images = blobs[`${key}.images`];
  const labels = blobs[`${key}.labels`];
  const { width, height, count } = header;
  if (images?.length !== width * height * count || labels?.length !== count) {
    throw new FacegradError('internal', `the bytes of ${header.name} arrived incomplete`);
  }
  return { ...header, images, labels };
}
