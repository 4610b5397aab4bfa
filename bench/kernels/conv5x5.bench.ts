import {
  conv5x5BackwardInputMap3,
  conv5x5BackwardInputMap6,
  conv5x5BackwardInputPlain,
  conv5x5BackwardInputSubgroup,
  conv5x5BackwardInputTiled,
  conv5x5BackwardWeightPlain,
  conv5x5BackwardWeightSubgroup8,
  conv5x5ForwardMap3,
  conv5x5ForwardMap6,
  conv5x5ForwardPlain,
  conv5x5ForwardSubgroup,
  conv5x5ForwardTiled,
  conv5x5ReduceWeight,
} from '../../src/kernels/conv5x5';
import { conv5x5BackwardWeight } from '../../src/kernels/conv_choice';
import { bordered, f32, type Kernel } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

/** G, N, C, map, O: the three large layers of the 96x96 model, one stream, then the 48x48 model's. */
const layers = [
  [1, 8, 32, 48, 64],
  [1, 8, 64, 24, 128],
  [1, 8, 128, 12, 128],
  [2, 64, 1, 48, 16],
  [2, 64, 16, 24, 32],
  [2, 64, 32, 12, 64],
  [2, 64, 64, 6, 96],
  [2, 64, 96, 3, 128],
];

/** Subgroups of 8 lanes, as the choice functions take them: they decide by nothing else. */
const lanes = {
  features: new Set<string>(),
  limits: {} as GPUSupportedLimits,
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
};

/** One thread an output element: hundreds of times slower, so a small layer tells enough. */
const plain = ((): BenchCase[] => {
  const name = '(1,16,12,12)->16';
  const x = f32([1, 1, 16, 12, 12], bordered(12));
  const weight = f32([1, 16, 5, 5, 16]);
  return [
    { name, kernel: conv5x5ForwardPlain, inputs: { x, weight }, attributes: {} },
    { name, kernel: conv5x5BackwardInputPlain, inputs: { dy: x, weight }, attributes: {} },
    { name, kernel: conv5x5BackwardWeightPlain, inputs: { x, dy: x } },
  ];
})();

const tiled = layers.flatMap(([G, N, C, W, O]): BenchCase[] => {
  const name = `${G > 1 ? `${G}x` : ''}(${N},${C},${W},${W})->${O}`;
  const x = f32([G, N, C, W, W], bordered(W));
  const dy = f32([G, N, O, W, W], bordered(W));
  const weight = f32([G, C, 5, 5, O]);
  const flipped = f32([G, O, 5, 5, C]);
  const attributes = { workgroupSize: N >= 64 ? 64 : 8 };
  const forward: Kernel[] = [conv5x5ForwardTiled, conv5x5ForwardSubgroup];
  const backwardInput: Kernel[] = [conv5x5BackwardInputTiled, conv5x5BackwardInputSubgroup];
  if (W <= 6) {
    forward.push(W <= 3 ? conv5x5ForwardMap3 : conv5x5ForwardMap6);
    backwardInput.push(W <= 3 ? conv5x5BackwardInputMap3 : conv5x5BackwardInputMap6);
  }
  const backwardWeight = (['tiled', 'subgroup'] as const).map((variant) =>
    conv5x5BackwardWeight(lanes, variant, x, dy),
  );
  return [
    ...forward.map((kernel) => ({ name, kernel, inputs: { x, weight }, attributes })),
    // The first layer's input is data: nothing asks for its gradient.
    ...(C > 1 ? backwardInput : []).map((kernel) => ({
      name,
      kernel,
      inputs: { x: dy, weight: flipped },
      attributes,
    })),
    ...backwardWeight.map((chosen) => ({ name, inputs: { x, dy }, ...chosen })),
    {
      name,
      inputs: { x, dy },
      attributes: backwardWeight[1].attributes,
      kernel: conv5x5BackwardWeightSubgroup8,
    },
    {
      name,
      kernel: conv5x5ReduceWeight,
      inputs: { partials: f32([G, backwardWeight[1].attributes.parts, C, 5, 5, O]) },
    },
  ];
});

export const cases: BenchCase[] = [...plain, ...tiled];
