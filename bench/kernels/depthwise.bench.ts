import {
  depthwiseBackwardInput,
  depthwiseBackwardWeight,
  depthwiseForward,
} from '../../src/kernels/depthwise';
import { bordered, f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

const weight = f32([1, 64, 3, 3, 1]);
const bias = f32([1, 64]);

export const cases: BenchCase[] = ([1, 2] as const).flatMap((stride): BenchCase[] => {
  const out = 24 / stride;
  const name = `(16,64,24,24) stride ${stride}`;
  const x = f32([1, 16, 64, 26, 28]);
  const dy = f32([1, 16, 64, out, out], bordered(out, 1));
  const forward = { stride, map: [out, out], hasBias: true };
  return [
    { name, kernel: depthwiseForward, inputs: { x, weight, bias }, attributes: forward },
    {
      name,
      kernel: depthwiseBackwardWeight,
      inputs: { x, dy },
      attributes: { stride, parts: 32 },
    },
    ...(stride === 2
      ? [
          {
            name,
            kernel: depthwiseBackwardInput,
            inputs: { dy: f32([1, 16, 64, 14, 16]), weight },
            attributes: { map: [24, 24], before: [1, 1] },
          },
        ]
      : []),
  ];
});
