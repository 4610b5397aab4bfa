import { gruBackward, gruForward } from '../../src/kernels/gru';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const [T, N, H] = [4, 64, 128];

export const cases: BenchCase[] = [
  {
    name: 'T = 4, N = 64, H = 128',
    kernel: gruForward,
    inputs: {
      xw: f32([T, N, 3 * H]),
      weight_hh: f32([3 * H, H]),
      bias_hh: f32([3 * H]),
      lengths: u32([N]),
      h0: f32([N, H]),
    },
    attributes: { hasBias: true, hasLengths: false },
  },
  {
    name: 'T = 4, N = 64, H = 128',
    kernel: gruBackward,
    inputs: {
      weight_hh: f32([3 * H, H]),
      gates: f32([T, N, 5 * H]),
      dhs: f32([T, N, H]),
      dh_n: f32([N, H]),
    },
    attributes: { hasDhs: true, hasDhN: true },
  },
];
