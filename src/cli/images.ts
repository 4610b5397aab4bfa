import { basename } from 'node:path';
import sharp from 'sharp';
import { FacegradError } from '../gpu/errors';
import type { ImageSet } from '../data/dataset';

/** FER2013's size, which the models are trained on; the GPU resizes from there, as in training. */
const SIZE = 48;

/**
 * Reads pictures of faces: turned as the camera held them, the middle square, averaged down to
 * 48x48, grey. The face should fill the picture. Throws `bad-input` with the file that is none.
 */
export async function readImages(paths: string[], classes: readonly string[]): Promise<ImageSet> {
  const images = new Uint8Array(paths.length * SIZE * SIZE);
  for (const [i, path] of paths.entries()) {
    images.set(await readGrey(path), i * SIZE * SIZE);
  }
  const name = paths.length === 1 ? basename(paths[0]) : `${paths.length} images`;
  const labels = new Uint8Array(paths.length);
  return { name, width: SIZE, height: SIZE, count: paths.length, images, labels, classes };
}

async function readGrey(path: string): Promise<Uint8Array> {
  let rgb: Buffer;
  try {
    rgb = await sharp(path)
      .autoOrient()
      .flatten({ background: '#808080' })
      .resize(SIZE, SIZE, { fit: 'cover' })
      .toColourspace('srgb')
      .raw()
      .toBuffer();
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new FacegradError('bad-input', `${path} cannot be read as an image: ${reason}`, {
      cause,
    });
  }
  const channels = rgb.length / (SIZE * SIZE);
  const grey = new Uint8Array(SIZE * SIZE);
  for (let i = 0; i < grey.length; i++) {
    const [r, g, b] = rgb.subarray(i * channels, i * channels + 3);
    grey[i] = channels < 3 ? r : Math.round(0.299 * r + 0.587 * g + 0.114 * b);
  }
  return grey;
}
