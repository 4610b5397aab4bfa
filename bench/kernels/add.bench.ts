import { accumulate, add } from '../../src/kernels/add';
import { f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

/** The first convolution's output in presets `small` and `paper`, and a dense layer's. */
const shapes = [
  [2, 64, 16, 48, 48],
  [2, 8, 32, 96, 96],
  [2, 64, 256],
];

export const cases: BenchCase[] = shapes.flatMap((shape): BenchCase[] => {
  const name = shape.join('x');
  const x = f32(shape);
  return [
    { name, kernel: add, inputs: { a: x, b: x } },
    { name, kernel: accumulate, inputs: { x, y: x } },
  ];
});
