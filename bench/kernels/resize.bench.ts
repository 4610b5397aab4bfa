import { f32 } from '../../src/kernels/kernel';
import { resizeCrop, resizeForward } from '../../src/kernels/resize';
import type { BenchCase } from './case';

/** What a camera frame needs, and a batch of stored images. */
export const cases: BenchCase[] = [
  {
    name: '4 faces of 1280x720 to 96x96',
    kernel: resizeCrop,
    inputs: { x: f32([1, 720, 1280]), boxes: f32([4, 4]) },
    attributes: { width: 96, height: 96 },
  },
  {
    name: '64 images, 48x48 to 96x96',
    kernel: resizeForward,
    inputs: { x: f32([64, 48, 48]) },
    attributes: { width: 96, height: 96 },
  },
];
