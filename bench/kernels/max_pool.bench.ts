import { bordered, f32, u32 } from '../../src/kernels/kernel';
import {
  maxPoolBackward,
  maxPoolBackward2x2,
  maxPoolForward,
  maxPoolForward2x2,
} from '../../src/kernels/max_pool';
import type { BenchCase } from './case';

/** N, C, H of the first blocks' convolution outputs, two streams: presets `small` and `paper`. */
const extents = [
  [64, 16, 48],
  [64, 32, 24],
  [64, 128, 3],
  [8, 32, 96],
  [8, 64, 48],
];

export const cases: BenchCase[] = extents.flatMap(([N, C, H]): BenchCase[] => {
  const name = `2x${N}x${C}x${H}x${H}`;
  const half = Math.floor(H / 2);
  const x = f32([2, N, C, H, H]);
  const pooled = [2, N, C, half, half];
  return [
    ...[maxPoolForward, maxPoolForward2x2].map((kernel) => ({
      name,
      kernel,
      inputs: { x },
      attributes: { window: 2, layout: bordered(half) },
    })),
    ...[maxPoolBackward, maxPoolBackward2x2].map((kernel) => ({
      name,
      kernel,
      inputs: { indices: u32(pooled), dy: f32(pooled, bordered(half)) },
      attributes: { window: 2, shape: x.shape },
    })),
  ];
});
