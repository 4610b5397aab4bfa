import { f32, u32 } from '../../src/kernels/kernel';
import { adam, clipGradNorm, ema, sgd, sumOfSquares } from '../../src/kernels/optimizer';
import type { BenchCase } from './case';

/** The parameters of the 48x48 model. */
const length = 1_320_000;
const name = `${length} parameters`;
const flat = f32([length]);
const common = { gradient: flat, scale: f32([1]), step: u32([64]), parameters: flat };
const chunks = Math.ceil(length / 4096);

export const cases: BenchCase[] = [
  {
    name,
    kernel: adam,
    inputs: { ...common, m: flat, v: flat },
    attributes: { weightDecay: 1e-4, decoupled: true },
  },
  {
    name,
    kernel: sgd,
    inputs: { ...common, velocity: flat },
    attributes: { momentum: 0.9, nesterov: true },
  },
  { name, kernel: ema, inputs: { parameters: flat, average: flat }, attributes: { decay: 0.999 } },
  { name, kernel: sumOfSquares, inputs: { gradient: flat } },
  {
    name,
    kernel: clipGradNorm,
    inputs: {
      partials: f32([chunks, 2]),
      step: u32([64]),
      scale: f32([1]),
      first_bad_step: u32([1]),
    },
    attributes: { maxNorm: 1 },
  },
];
