import {
  bnReluPoolBackward,
  bnReluPoolForward,
  bnReluPoolInference,
} from '../../src/kernels/bn_relu_pool';
import { bordered, f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

/** N, C, H of the blocks' convolution outputs, two streams: presets `small` and `paper`. */
const extents = [
  [64, 16, 48],
  [64, 32, 24],
  [64, 64, 12],
  [64, 96, 6],
  [64, 128, 3],
  [8, 32, 96],
  [8, 64, 48],
  [8, 128, 24],
  [8, 128, 12],
  [8, 256, 6],
];

export const cases: BenchCase[] = extents.flatMap(([N, C, H]): BenchCase[] => {
  const name = `2x${N}x${C}x${H}x${H}`;
  const half = Math.floor(H / 2);
  const x = f32([2, N, C, H, H]);
  const winner = f32([2, N, C, half, half]);
  const dy = f32(winner.shape, bordered(half));
  const channel = f32([2, C]);
  const affine = { gamma: channel, beta: channel };
  const running = { running_mean: channel, running_var: channel };
  return [
    {
      name,
      kernel: bnReluPoolForward,
      inputs: { x, ...affine, ...running },
      attributes: { layout: bordered(half), eps: 1e-5, momentum: 0.1 },
    },
    {
      name,
      kernel: bnReluPoolInference,
      inputs: { x, ...running, ...affine },
      attributes: { layout: bordered(half), eps: 1e-5 },
    },
    {
      name,
      kernel: bnReluPoolBackward,
      inputs: { x, winner, dy, moments: f32([2, C, 2]), gamma: channel },
      attributes: { layout: bordered(H) },
    },
  ];
});
