import { basename } from 'node:path';
import type { ImageSet } from '../src/data/dataset';
import { greySquare } from '../src/data/pictures';
import { decodeWithSharp } from './decode';
import { readWhole } from './files';

/** FER2013's size, which the models are trained on; the GPU resizes from there, as in training. */
const SIZE = 48;

/**
 * Reads pictures of faces: turned as the camera held them, the middle square, averaged down to
 * 48x48, grey. The face should fill the picture. Throws `bad-input` with the file that is none.
 */
export async function readImages(paths: string[], classes: readonly string[]): Promise<ImageSet> {
  const images = new Uint8Array(paths.length * SIZE * SIZE);
  for (const [i, path] of paths.entries()) {
    const picture = await decodeWithSharp(await readWhole(path), path);
    images.set(greySquare(picture, { size: SIZE }), i * SIZE * SIZE);
  }
  const name = paths.length === 1 ? basename(paths[0]) : `${paths.length} images`;
  const labels = new Uint8Array(paths.length);
  return { name, width: SIZE, height: SIZE, count: paths.length, images, labels, classes };
}
