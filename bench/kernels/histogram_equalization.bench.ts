import {
  EQUALIZATION_PRESETS,
  histogramEqualizationBins,
  histogramEqualizationForward,
} from '../../src/kernels/histogram_equalization';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [
  [64, 48, 48],
  [8, 96, 96],
].flatMap((shape): BenchCase[] => [
  {
    name: `equalize ${shape.join('x')}`,
    kernel: histogramEqualizationForward,
    inputs: { x: f32(shape) },
    attributes: EQUALIZATION_PRESETS.paper,
  },
  {
    name: `equalize by bins ${shape.join('x')}`,
    kernel: histogramEqualizationBins,
    inputs: { x: f32(shape), mask: u32(shape) },
    attributes: { bins: 256, hasMask: true },
  },
]);
