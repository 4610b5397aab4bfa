import { denseBackward, denseForward } from '../../src/kernels/dense';
import { f32, u32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

/** G, N, K, M: the streams' dense layer, the LSTM's input projection, the classes. */
const extents = [
  [2, 64, 128, 256],
  [1, 64, 512, 512],
  [1, 64, 128, 7],
];

export const cases: BenchCase[] = extents.flatMap(([G, N, K, M]): BenchCase[] => {
  const name = `${G}x${N}x${K} -> ${M}`;
  const x = f32([G, N, K]);
  const weight = f32([G, M, K]);
  const bias = f32([G, M]);
  const dy = f32([G, N, M]);
  return [
    {
      name,
      kernel: denseForward,
      inputs: { x, weight, bias, second_bias: bias, step: u32([2]) },
      attributes: {},
    },
    {
      name,
      kernel: denseBackward,
      inputs: { x, weight, dy },
      attributes: { input: true, weight: true, bias: true },
    },
  ];
});
