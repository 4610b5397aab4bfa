import { crossEntropyBackward, crossEntropyForward } from '../../src/kernels/cross_entropy';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const attributes = { logSoftmax: true, reduced: true };

/** A batch of faces, and a batch of pictures with a class for every pixel. */
export const cases: BenchCase[] = [
  { name: 'N = 64, C = 7', x: [64, 7], labels: [64] },
  { name: 'N = 8, C = 21, 96x96', x: [8, 21, 96, 96], labels: [8, 96, 96] },
].flatMap(({ name, x, labels }): BenchCase[] => [
  {
    name,
    kernel: crossEntropyForward,
    inputs: { x: f32(x), labels: u32(labels), weight: f32([x[1]]) },
    attributes,
  },
  {
    name,
    kernel: crossEntropyBackward,
    inputs: {
      log_prob: f32(x),
      labels: u32(labels),
      weight: f32([x[1]]),
      dy: f32([1]),
      divisor: f32([1]),
    },
    attributes,
  },
]);
