import { augmentForward, type AugmentAttributes } from '../../src/kernels/augment';
import { u32 } from '../../src/kernels/kernel';
import { AUGMENTATION } from '../../src/vision/augmentation';
import type { BenchCase } from './case';

/** A batch of 64 from 1,000 images of FER2013's size. */
const BATCH = 64;
const inputs = { images: u32([(1000 * 48 * 48) / 4]), indices: u32([BATCH]), step: u32([64]) };
const base: AugmentAttributes = {
  source: { width: 48, height: 48 },
  width: 48,
  height: 48,
  views: 1,
};
const random = { ...AUGMENTATION, stream: 0 };

function augmentation(name: string, attributes: AugmentAttributes): BenchCase {
  return { name, kernel: augmentForward, inputs, attributes };
}

export const cases: BenchCase[] = [
  augmentation('48 to 48, plain', base),
  augmentation('48 to 48, drawn', { ...base, random }),
  augmentation('48 to 96, drawn', { ...base, width: 96, height: 96, random }),
  augmentation('48 to 96, drawn, 4 views', { ...base, width: 96, height: 96, views: 4, random }),
];
