import {
  convBackwardInputPlain,
  convBackwardWeight,
  convBackwardWeightPlain,
  convBackwardWeightSubgroup,
  convForward,
  convForwardPlain,
  convForwardSubgroup,
  convFrame,
  convPointwise,
  convPointwiseBackwardWeight,
  convPointwiseBackwardWeightSubgroup,
  convPointwiseVec4,
  convFlipWeights,
} from '../../src/kernels/conv';
import { bordered, f32 } from '../../src/kernels/kernel';
import type { BenchCase } from './case';

/** N, C, map, O, taps, stride, and lanes that values go round among. */
const layers = [
  [16, 64, 24, 64, 3, 1, 8],
  [16, 64, 24, 64, 3, 2, 8],
  [16, 64, 24, 64, 5, 2, 8],
  [16, 32, 28, 64, 3, 1, 4],
] as const;

const windows = layers.flatMap(([N, C, map, O, taps, stride, lanes]): BenchCase[] => {
  const out = map / stride;
  const name = `(${N},${C},${map},${map})->${O} ${taps}x${taps} stride ${stride}`;
  const half = (taps - 1) / 2;
  const x = f32([1, N, C, map + 2 * half, bordered(map, half).rowStride]);
  const dy = f32([1, N, O, out, out], bordered(out, 1));
  const forward = {
    inputs: { x, weight: f32([1, C, taps, taps, O]), bias: f32([1, O]) },
    attributes: { stride, map: [out, out], lanes, hasBias: true },
  };
  const backward = {
    inputs: { x, dy },
    attributes: { taps, stride, rows: lanes === 4 ? 3 : 1, lanes, parts: 4, workgroupSize: 64 },
  };
  return [
    { name, kernel: convForward, ...forward },
    { name, kernel: convForwardSubgroup, ...forward },
    { name, kernel: convBackwardWeight, ...backward },
    { name, kernel: convBackwardWeightSubgroup, ...backward },
  ];
});

/** dx at stride 2: four windows of 2x2, each for one kind of rows and columns. */
const phases = ((): BenchCase => {
  const inputs = {
    x: f32([1, 16, 64, 14, 16]),
    weight: f32([1, 64, 2, 2, 256]),
    bias: f32([1]),
  };
  const attributes = { stride: 1, phases: 2, map: [24, 24], before: [1, 1] };
  const name = '(16,64,24,24)->64 3x3 stride 2, dx';
  return { name, kernel: convForwardSubgroup, inputs, attributes };
})();

const pointwise = ((): BenchCase[] => {
  const name = '(16,128,24,24)->128 1x1';
  const x = f32([1, 16, 128, 1, 576]);
  const inputs = { x, weight: f32([1, 128, 1, 1, 128]), bias: f32([1, 128]) };
  const attributes = { map: [24, 24], hasBias: true };
  const split = { parts: 2, workgroupSize: 32 };
  return [
    { name, kernel: convPointwise, inputs, attributes },
    { name, kernel: convPointwiseVec4, inputs, attributes },
    { name, kernel: convPointwiseBackwardWeight, inputs: { x, dy: x }, attributes: split },
    { name, kernel: convPointwiseBackwardWeightSubgroup, inputs: { x, dy: x }, attributes: split },
  ];
})();

/** Changes of layout: what the tuned kernels cost on top. */
const around: BenchCase[] = [
  {
    name: '(16,64,24,24), zeros around',
    kernel: convFrame,
    inputs: { x: f32([1, 16, 64, 24, 24]) },
    attributes: { shape: [1, 16, 64, 26, 28], before: [1, 1] },
  },
  {
    name: '64->64 3x3',
    kernel: convFlipWeights,
    inputs: { weight: f32([1, 64, 3, 3, 64]) },
    attributes: { stride: 1 },
  },
];

/** One thread an element: many times slower, so a small layer tells enough. */
const plain = ((): BenchCase[] => {
  const name = '(1,16,12,12)->16 3x3';
  const x = f32([1, 1, 16, 12, 12], bordered(12, 1));
  const weight = f32([1, 16, 3, 3, 16]);
  const window = { stride: 1, before: [1, 1], map: [12, 12] };
  return [
    {
      name,
      kernel: convForwardPlain,
      inputs: { x, weight, bias: f32([1, 16]) },
      attributes: window,
    },
    { name, kernel: convBackwardInputPlain, inputs: { dy: x, weight }, attributes: window },
    {
      name,
      kernel: convBackwardWeightPlain,
      inputs: { x, dy: x },
      attributes: { ...window, taps: 3 },
    },
  ];
})();

export const cases: BenchCase[] = [...windows, phases, ...pointwise, ...around, ...plain];
