import {
  conv5x5BackwardInputPlain,
  conv5x5BackwardWeightPlain,
  conv5x5ForwardPlain,
} from '../../src/kernels/conv5x5';
import type { Layout } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/conv5x5';
import type { Conv5x5Shape } from '../../src/kernels/reference/conv5x5';
import { tensor, testGradient, testKernel, type Dense } from '../support/kernel';

interface Case {
  name: string;
  /** G, N, C, O, H, W. */
  shape: [number, number, number, number, number, number];
  x?: Layout;
  y?: Layout;
  scale?: number;
  zeros?: boolean;
}

const shapes: Case[] = [
  { name: 'one pixel, one channel', shape: [1, 1, 1, 1, 1, 1] },
  { name: 'odd sizes, odd channels', shape: [1, 2, 3, 7, 5, 7] },
  { name: 'two streams', shape: [2, 2, 3, 8, 6, 6] },
  { name: 'map smaller than the filter', shape: [2, 3, 9, 5, 3, 3] },
  { name: 'one row', shape: [1, 2, 4, 8, 1, 9] },
  { name: 'one column', shape: [1, 2, 4, 8, 9, 1] },
  { name: 'whole tiles', shape: [1, 1, 8, 16, 8, 8] },
  { name: 'first layer', shape: [2, 3, 1, 16, 12, 12] },
  { name: 'more than one block of everything', shape: [2, 5, 17, 25, 12, 9] },
  { name: 'zeros', shape: [1, 1, 2, 8, 4, 4], zeros: true },
  { name: 'large values', shape: [1, 1, 2, 8, 4, 5], scale: 1e15 },
];

/** The extents, from the tensors' shapes. */
const shapeOf = (images: Dense, channels: number, outChannels: number): Conv5x5Shape => {
  const [G, N, , H, W] = images.shape;
  return { G, N, C: channels, O: outChannels, H, W };
};

const data = ({ zeros }: Case, length: number, seed: number) =>
  zeros ? new Float64Array(length) : seed;

const xOf = (c: Case, layout?: Layout) => {
  const [G, N, C, , H, W] = c.shape;
  return tensor([G, N, C, H, W], data(c, G * N * C * H * W, 1), { layout, scale: c.scale });
};
const weightOf = (c: Case) => {
  const [G, , C, O] = c.shape;
  return tensor([G, C, 5, 5, O], 2, { scale: c.scale });
};
const dyOf = (c: Case, layout?: Layout) => {
  const [G, N, , O, H, W] = c.shape;
  return tensor([G, N, O, H, W], data(c, G * N * O * H * W, 3), { layout, scale: c.scale });
};

/** Layouts that only the plain kernels read: none, and a border and stride of no convenient size. */
const anyLayout: Case[] = shapes.flatMap((c) => [
  c,
  {
    ...c,
    name: `${c.name}, odd borders`,
    x: { border: 1, rowStride: c.shape[5] + 3 },
    y: { border: 3, rowStride: c.shape[5] + 7 },
  },
]);

// Forward and backward_input sum K = 25 channels <= 625 products of size <= 1 (or scale^2, relative to
// which the same holds): a float32 sum of K terms is off by about sqrt(K) 6e-8 sqrt(K) / 3.
// At 1e30 a relative bound holds only where nothing cancels, so the bound is by the largest sum.
const tolerance = { absolute: 5e-5, relative: 1e-5 };
const forReal = (c: Case) => !c.scale;
const forLarge = (c: Case) => Boolean(c.scale);
const largeTolerance = { absolute: 5e-5 * 1e30, relative: 1e-5 };

for (const [pick, allowed] of [
  [forReal, tolerance],
  [forLarge, largeTolerance],
] as const) {
  testKernel(conv5x5ForwardPlain, {
    cases: anyLayout.filter(pick).map((c) => ({
      name: c.name,
      inputs: { x: xOf(c, c.x), weight: weightOf(c) },
      attributes: { layout: c.y },
    })),
    reference: ({ x, weight }) => ({
      y: reference.conv5x5Forward(
        x.data,
        weight.data,
        shapeOf(x, weight.shape[1], weight.shape[4]),
      ),
    }),
    tolerance: allowed,
  });

  testKernel(conv5x5BackwardInputPlain, {
    cases: anyLayout.filter(pick).map((c) => ({
      name: c.name,
      inputs: { dy: dyOf(c, c.y), weight: weightOf(c) },
      attributes: { layout: c.x },
    })),
    reference: ({ dy, weight }) => ({
      dx: reference.conv5x5BackwardInput(
        dy.data,
        weight.data,
        shapeOf(dy, weight.shape[1], weight.shape[4]),
      ),
    }),
    tolerance: allowed,
  });

  testKernel(conv5x5BackwardWeightPlain, {
    cases: anyLayout.filter(pick).map((c) => ({
      name: c.name,
      inputs: { x: xOf(c, c.x), dy: dyOf(c, c.y) },
      attributes: undefined,
    })),
    reference: ({ x, dy }) => ({
      dweight: reference.conv5x5BackwardWeight(
        x.data,
        dy.data,
        shapeOf(x, x.shape[2], dy.shape[2]),
      ),
    }),
    tolerance: allowed,
  });
}

testGradient('conv5x5', {
  cases: shapes.slice(0, 5).map((c) => ({
    name: c.name,
    inputs: { x: xOf(c), weight: weightOf(c) },
    attributes: undefined,
  })),
  forward: ({ x, weight }) =>
    reference.conv5x5Forward(x.data, weight.data, shapeOf(x, weight.shape[1], weight.shape[4])),
  backward: ({ x, weight }, dy) => {
    const shape = shapeOf(x, weight.shape[1], weight.shape[4]);
    return {
      x: reference.conv5x5BackwardInput(dy, weight.data, shape),
      weight: reference.conv5x5BackwardWeight(x.data, dy, shape),
    };
  },
});
