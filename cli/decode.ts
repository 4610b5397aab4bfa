import sharp from 'sharp';
import { decodeBmp } from '../src/data/bmp';
import { checkPicture } from '../src/data/picture_header';
import type { PictureDecoder } from '../src/data/pictures';
import { FacegradError } from '../src/gpu/errors';

/** Decodes a png, jpeg, webp or bmp in Node; a page has `decodePicture`. */
export const decodeWithSharp: PictureDecoder = async (bytes, file) => {
  const { format } = checkPicture(bytes, file);
  if (format === 'bmp') return decodeBmp(bytes, file);
  try {
    const { data, info } = await sharp(bytes)
      .autoOrient()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new FacegradError('bad-input', `${file}: this ${format} cannot be decoded (${reason})`, {
      cause,
    });
  }
};
