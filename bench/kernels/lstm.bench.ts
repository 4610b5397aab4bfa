import { f32, u32 } from '../../src/kernels/kernel';
import { lstmBackward, lstmCopyState, lstmForward, stepMask } from '../../src/kernels/lstm';
import type { BenchCase } from './case';

interface Shape {
  name: string;
  steps: number;
  samples: number;
  zeroState?: boolean;
}

/** A batch of stills, a batch of sequences, and one frame of the camera; 128 hidden units. */
const HIDDEN = 128;
const shapes: Shape[] = [
  { name: 'T = 1, N = 64, zero state', steps: 1, samples: 64, zeroState: true },
  { name: 'T = 4, N = 64, zero state', steps: 4, samples: 64, zeroState: true },
  { name: 'T = 1, N = 1', steps: 1, samples: 1 },
];

export const cases: BenchCase[] = [
  ...shapes.flatMap(({ name, steps, samples, zeroState }): BenchCase[] => [
    {
      name,
      kernel: lstmForward,
      inputs: {
        xw: f32([steps, samples, 4 * HIDDEN]),
        weight_hh: f32([4 * HIDDEN, HIDDEN]),
        lengths: u32([samples]),
        h: f32([samples, HIDDEN]),
        c: f32([samples, HIDDEN]),
      },
      attributes: { zeroState },
    },
    {
      name,
      kernel: lstmBackward,
      inputs: {
        weight_hh: f32([4 * HIDDEN, HIDDEN]),
        gates: f32([steps, samples, 5 * HIDDEN]),
        dhs: f32([steps, samples, HIDDEN]),
        dh_n: f32([samples, HIDDEN]),
        dc_n: f32([samples, HIDDEN]),
      },
      attributes: { zeroState, hasDhs: false, hasDhN: true, hasDcN: false },
    },
  ]),
  {
    name: 'N = 64',
    kernel: lstmCopyState,
    inputs: { h0: f32([64, HIDDEN]), c0: f32([64, HIDDEN]) },
  },
  {
    name: 'T = 30, N = 64',
    kernel: stepMask,
    inputs: { lengths: u32([64]) },
    attributes: { steps: 30 },
  },
];
