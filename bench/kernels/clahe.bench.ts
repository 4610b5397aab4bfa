import {
  claheApply,
  claheBinsApply,
  claheBinsTables,
  claheLevels,
  claheTables,
} from '../../src/kernels/clahe';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const x = f32([64, 48, 48]);

export const cases: BenchCase[] = [
  { name: '64 of 48x48', kernel: claheTables, inputs: { x }, attributes: {} },
  {
    name: '64 of 48x48',
    kernel: claheApply,
    inputs: { x, table: u32([64, 8, 8, 256]) },
    attributes: {},
  },
  { name: '64 of 48x48', kernel: claheLevels, inputs: { x }, attributes: {} },
  {
    name: '64 of 48x48',
    kernel: claheBinsTables,
    inputs: { bin: u32([64, 48, 48]) },
    attributes: {},
  },
  {
    name: '64 of 48x48',
    kernel: claheBinsApply,
    inputs: { bin: u32([64, 48, 48]), table: u32([64, 8, 8, 256]) },
    attributes: {},
  },
];
