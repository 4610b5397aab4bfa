import { binaryForward, unaryBackward, unaryForward } from '../../src/kernels/elementwise';
import { f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const x = f32([64, 64, 24, 24]);
const name = '64x64x24x24';

export const cases: BenchCase[] = [
  { name: `tanh ${name}`, kernel: unaryForward, inputs: { x }, attributes: { operation: 'tanh' } },
  {
    name: `tanh ${name}`,
    kernel: unaryBackward,
    inputs: { x, y: x, dy: x },
    attributes: { operation: 'tanh' },
  },
  {
    name: `add ${name}`,
    kernel: binaryForward,
    inputs: { a: x, b: x },
    attributes: { operation: 'add' },
  },
  {
    name: `mul ${name} by its channels`,
    kernel: binaryForward,
    inputs: { a: x, b: f32([64, 1, 1]) },
    attributes: { operation: 'mul' },
  },
];
