import {
  EQUALIZATION_PRESETS,
  histogramEqualizationForward,
} from '../../src/kernels/histogram_equalization';
import { f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

export const cases: BenchCase[] = [
  [64, 48, 48],
  [8, 96, 96],
].map((shape) => ({
  name: `equalize ${shape.join('x')}`,
  kernel: histogramEqualizationForward,
  inputs: { x: f32(shape) },
  attributes: EQUALIZATION_PRESETS.paper,
}));
