import {
  depthwiseBackwardInput,
  depthwiseBackwardWeight,
  depthwiseForward,
} from '../../src/kernels/depthwise';
import { bordered } from '../../src/kernels/kernel';
import { convBackwardBias } from '../../src/kernels/reference/conv';
import * as reference from '../../src/kernels/reference/depthwise';
import { inParts } from '../support/conv';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

// Sums of at most some 100 products of numbers up to 1: 6e-8 * sqrt(100) * a few.
const tolerance = { absolute: 1e-5, relative: 1e-5 };

interface Case {
  name: string;
  /** G, N, C, and rows and columns of y. */
  shape: [number, number, number, number, number];
  stride: 1 | 2;
  /** Border of dy. */
  border?: number;
}

const cases: Case[] = [
  { name: 'one pixel', shape: [1, 1, 1, 1, 1], stride: 1 },
  { name: 'odd sizes', shape: [2, 2, 3, 5, 7], stride: 1, border: 1 },
  { name: 'whole tiles', shape: [1, 2, 8, 8, 8], stride: 1 },
  { name: 'past a workgroup', shape: [1, 3, 70, 9, 6], stride: 1, border: 2 },
  { name: 'stride 2, odd sizes', shape: [2, 2, 3, 5, 7], stride: 2, border: 1 },
  { name: 'stride 2, whole tiles', shape: [1, 2, 5, 4, 8], stride: 2, border: 3 },
];

/** A frame that is just large enough. */
const frameOf = ({ shape: [G, N, C, H, W], stride }: Case) => {
  const [rows, columns] = [H, W].map((extent) => (extent - 1) * stride + 3);
  return [G, N, C, rows, Math.ceil(columns / 4) * 4];
};
const weightOf = ({ shape: [G, , C] }: Case) => tensor([G, C, 3, 3, 1], 2);
const biasOf = ({ shape: [G, , C] }: Case) => tensor([G, C], 3);
const dyOf = ({ shape, border = 0 }: Case) =>
  tensor(shape, 4, { layout: bordered(shape[4], border) });

testKernel(depthwiseForward, {
  cases: cases.map((c, i) => ({
    name: c.name,
    inputs: { x: tensor(frameOf(c), 1), weight: weightOf(c), bias: biasOf(c) },
    attributes: {
      stride: c.stride,
      map: c.shape.slice(3) as [number, number],
      hasBias: i % 2 === 1,
      flipped: i % 3 === 2,
    },
  })),
  reference: ({ x, weight, bias }, { stride, map, hasBias, flipped: back }) => {
    const y = [...x.shape.slice(0, 3), ...map];
    const window = { stride, before: [0, 0] as const };
    const filters = Float64Array.from(weight.data, (value, at) =>
      back ? weight.data[at - (at % 9) + 8 - (at % 9)] : value,
    );
    const given = hasBias ? bias.data : undefined;
    return { y: reference.depthwiseForward(x.data, x.shape, filters, given, y, window) };
  },
  tolerance,
  readsPastTheEnd: true,
});

testKernel(depthwiseBackwardInput, {
  cases: [
    { name: 'even first', dy: [1, 2, 3, 5, 8], map: [8, 12], before: [0, 0] },
    { name: 'odd first', dy: [2, 1, 4, 5, 8], map: [7, 13], before: [1, 1] },
    { name: 'one of each', dy: [1, 1, 70, 4, 4], map: [5, 6], before: [1, 0] },
  ].map(({ name, dy, map, before }) => ({
    name,
    inputs: { dy: tensor(dy, 1), weight: tensor([dy[0], dy[2], 3, 3, 1], 2) },
    attributes: { map: map as [number, number], before: before as [number, number] },
  })),
  reference: ({ dy, weight }, { map, before }) => {
    // The frame begins one row and column ahead: in a padded image its first pixel is at -2.
    const window = {
      stride: 2,
      before: [before[0] + 2, before[1] + 2] as const,
    };
    const shape = [...dy.shape.slice(0, 3), ...map];
    return { dx: reference.depthwiseBackwardInput(dy.data, dy.shape, weight.data, shape, window) };
  },
  tolerance,
  readsPastTheEnd: true,
});

testKernel(depthwiseBackwardWeight, {
  cases: cases.map((c, i) => ({
    name: c.name,
    inputs: { x: tensor(frameOf(c), 1), dy: dyOf(c) },
    attributes: { stride: c.stride, parts: Math.min(c.shape[1] * c.shape[3], 1 + (i % 4)) },
  })),
  reference: ({ x, dy }, { stride, parts }) => ({
    partials: inParts(x, dy, parts, 1, { taps: 3, stride, before: [0, 0], depthwise: true }),
  }),
  tolerance,
  readsPastTheEnd: true,
  spreads: true, // x beside the map meets the zeros around dy
});

testGradient('depthwise', {
  cases: cases
    .filter(({ shape: [, , C] }) => C < 10)
    .map((c) => ({
      name: c.name,
      inputs: { x: tensor(frameOf(c), 1), weight: weightOf(c), bias: biasOf(c) },
      attributes: {
        taps: 3,
        stride: c.stride,
        before: [0, 0] as const,
        depthwise: true,
        y: c.shape,
      },
    })),
  forward: ({ x, weight, bias }, { y, ...window }) =>
    reference.depthwiseForward(x.data, x.shape, weight.data, bias.data, y, window),
  backward: ({ x, weight }, dy, { y, ...window }) => ({
    x: reference.depthwiseBackwardInput(dy, y, weight.data, x.shape, window),
    weight: reference.depthwiseBackwardWeight(x.data, x.shape, dy, y, window),
    bias: convBackwardBias(dy, y),
  }),
});
