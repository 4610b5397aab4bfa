import {
  conv5x5BackwardInputMap3,
  conv5x5BackwardInputMap6,
  conv5x5BackwardInputPlain,
  conv5x5BackwardInputSubgroup,
  conv5x5BackwardInputTiled,
  conv5x5BackwardWeightMap3,
  conv5x5BackwardWeightMap6,
  conv5x5BackwardWeightPlain,
  conv5x5BackwardWeightSubgroup,
  conv5x5BackwardWeightSubgroup8,
  conv5x5BackwardWeightTiled,
  conv5x5FlipWeights,
  conv5x5ForwardMap3,
  conv5x5ForwardMap6,
  conv5x5ForwardPlain,
  conv5x5ForwardSubgroup,
  conv5x5ForwardTiled,
  conv5x5ReduceWeight,
  type ConvLanes,
  type ConvSplit,
} from '../../src/kernels/conv5x5';
import { bordered, size, type Kernel, type Layout } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/conv5x5';
import type { Conv5x5Shape } from '../../src/kernels/reference/conv5x5';
import { testCapabilities } from '../support/gpu';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense, type TestTensor } from '../support/kernel';

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
  { name: 'large values', shape: [1, 1, 4, 8, 4, 5], scale: 1e15 },
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

// Factors are uniform in [-1, 1): after k products a sum is of size sqrt(k) / 3, and rounding it is off
// by up to 6e-8 of that. K such errors of random sign make about 6e-8 K / 4, and K is at most 2412 (the
// weight gradient of 67 images of 6x6): 3.6e-5.
// With a scale of 1e15 sums are 1e30 times as large, and so are their errors.
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
    spreads: true, // NaN times the zeros around a picture
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
    spreads: true, // NaN times the zeros around a picture
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
    spreads: true, // NaN times the zeros around a picture
    tolerance: allowed,
  });
}

// The tiled kernels read zero borders of 2 and write dense.
const tiled = shapes.map((c) => ({ ...c, x: bordered(c.shape[5]), y: bordered(c.shape[5]) }));
const capabilities = await testCapabilities();
const lanes = capabilities.subgroupMinSize;
/** Kernels that broadcast among so many lanes, where there are so many. */
const among = <T>(least: number, kernels: T[]): T[] => (lanes >= least ? kernels : []);

type SmallKernel = Kernel<'x' | 'weight', 'y', ConvLanes>;
/** The kernels for small maps, and the maps that they take. */
const map3 = ({ shape: [, , , , H, W] }: Case) => H <= 3 && W <= 3;
const map6 = ({ shape: [, , , , , W] }: Case) => W <= 6;
/** The subgroup kernels read the weights of 4 output channels at a time. */
const quads = ({ shape: [, , , O] }: Case) => O % 4 === 0;
const quadsIn = ({ shape: [, , C] }: Case) => C % 4 === 0;
const weightKernels: [Kernel<'x' | 'dy', 'partials', ConvSplit>, (c: Case) => boolean][] = [
  [conv5x5BackwardWeightTiled, () => true],
  ...among<(typeof weightKernels)[number]>(4, [
    [conv5x5BackwardWeightSubgroup, () => true],
    [conv5x5BackwardWeightMap3, map3],
    [conv5x5BackwardWeightMap6, map6],
  ]),
  ...among<(typeof weightKernels)[number]>(8, [[conv5x5BackwardWeightSubgroup8, () => true]]),
];

const small: Case[] = [
  { name: '3x3, five images', shape: [2, 5, 12, 20, 3, 3] },
  { name: '3x3, twelve channels', shape: [1, 17, 4, 12, 3, 3] },
  { name: '6x6, five images', shape: [2, 5, 12, 20, 6, 6] },
  { name: '6x6, large values', shape: [1, 2, 4, 4, 6, 6], scale: 1e15 },
  { name: '1x6', shape: [1, 9, 4, 12, 1, 6] },
  { name: '3x6', shape: [1, 3, 8, 8, 3, 6] },
  { name: '3x3, more images than lanes', shape: [2, 67, 3, 5, 3, 3] },
  { name: '3x3, channels past one workgroup', shape: [1, 2, 70, 9, 3, 3] },
  { name: '3x3, large values', shape: [1, 2, 4, 4, 3, 3], scale: 1e15 },
  { name: '1x3', shape: [1, 9, 2, 4, 1, 3] },
  { name: '3x1', shape: [1, 9, 2, 4, 3, 1] },
  { name: '2x2', shape: [2, 8, 3, 8, 2, 2] },
  { name: '2x3, one image', shape: [1, 1, 9, 3, 2, 3] },
  { name: '3x2, sixteen channels', shape: [1, 5, 16, 16, 3, 2] },
  { name: '6x6, more images than lanes', shape: [2, 67, 2, 5, 6, 6] },
  { name: '6x6, channels past one workgroup', shape: [1, 2, 70, 9, 6, 6] },
  { name: '4x6', shape: [1, 9, 2, 8, 4, 6] },
  { name: '7x5', shape: [1, 3, 8, 8, 7, 5] },
  { name: '5x4', shape: [2, 3, 4, 11, 5, 4] },
];
const tiledSmall = small.map((c) => ({
  ...c,
  x: bordered(c.shape[5]),
  y: bordered(c.shape[5]),
}));

/** Weights as the forward kernels want them for the gradient by the input. */
const flip = (weight: Dense) => {
  const [G, C, , , O] = weight.shape;
  const data = new Float64Array(weight.data.length);
  for (let at = 0; at < data.length; at++) {
    const [c, tap] = [at % C, Math.floor(at / C) % 25];
    const [o, g] = [Math.floor(at / C / 25) % O, Math.floor(at / C / 25 / O)];
    data[at] = weight.data[((g * C + c) * 25 + 24 - tap) * O + o];
  }
  return { shape: [G, O, 5, 5, C], data };
};

/** Weights one after another, with gaps between them, as parameters lie in their buffer. */
function flipCase(name: string, weights: TestTensor[], gap: number) {
  let length = 0;
  const layers = weights.map(({ shape: [, channels, , , outputs], data }) => {
    const begin = length;
    length += data.length + gap;
    return { begin, channels, outputs };
  });
  const flat = new Float64Array(length);
  weights.forEach(({ data }, i) => flat.set(data as Float64Array, layers[i].begin));
  const table = layers.flatMap(({ begin, channels, outputs }) => [begin, channels, outputs]);
  return {
    name,
    inputs: {
      weights: tensor([length], flat),
      layers: tensor([layers.length, 3], table, { dtype: 'u32' }),
    },
    attributes: { groups: weights[0].shape[0], layers },
  };
}

testKernel(conv5x5FlipWeights, {
  cases: [
    ...shapes.map((c) => flipCase(c.name, [weightOf(c)], 0)),
    flipCase(
      'four layers of two streams',
      [4, 70, 3, 33].map((O, i) => tensor([2, [1, 4, 70, 3][i], 5, 5, O], i)),
      7,
    ),
  ],
  reference: ({ weights }, { groups, layers }) => {
    const flipped = new Float64Array(weights.data.length).fill(NaN); // gaps keep the poison
    for (const { begin, channels, outputs } of layers) {
      const shape = [groups, channels, 5, 5, outputs];
      const data = Array.from(weights.data).slice(begin, begin + size(shape));
      flipped.set(flip(tensor(shape, data)).data, begin);
    }
    return { flipped };
  },
  tolerance: { absolute: 0, relative: 0 }, // a copy
});

for (const [pick, allowed] of [
  [forReal, tolerance],
  [forLarge, largeTolerance],
] as const) {
  for (const [kernel, fits] of [
    [conv5x5ForwardTiled, () => true],
    ...among(8, [[conv5x5ForwardSubgroup, quads]]),
    ...among(4, [
      [conv5x5ForwardMap3, (c: Case) => map3(c) && quads(c)],
      [conv5x5ForwardMap6, (c: Case) => map6(c) && quads(c)],
    ]),
  ] as [SmallKernel, (c: Case) => boolean][]) {
    testKernel<'x' | 'weight', 'y', ConvLanes>(kernel, {
      cases: [...tiled, ...tiledSmall]
        .filter((c) => pick(c) && fits(c))
        .map((c) => ({
          name: c.name,
          inputs: { x: xOf(c, c.x), weight: weightOf(c) },
          attributes: { workgroupSize: 64 },
        })),
      reference: ({ x, weight }) => ({
        y: reference.conv5x5Forward(
          x.data,
          weight.data,
          shapeOf(x, weight.shape[1], weight.shape[4]),
        ),
      }),
      spreads: true, // NaN times the zeros around a picture
      tolerance: allowed,
      readsPastTheEnd: kernel === conv5x5ForwardTiled,
    });
  }

  for (const [kernel, fits] of [
    [conv5x5BackwardInputTiled, () => true],
    ...among(8, [[conv5x5BackwardInputSubgroup, quadsIn]]),
    ...among(4, [
      [conv5x5BackwardInputMap3, (c: Case) => map3(c) && quadsIn(c)],
      [conv5x5BackwardInputMap6, (c: Case) => map6(c) && quadsIn(c)],
    ]),
  ] as [SmallKernel, (c: Case) => boolean][]) {
    testKernel<'x' | 'weight', 'y', ConvLanes>(kernel, {
      cases: [...tiled, ...tiledSmall]
        .filter((c) => pick(c) && fits(c))
        .map((c) => {
          const weight = weightOf(c);
          const flipped = flip(weight);
          return {
            name: c.name,
            inputs: { x: dyOf(c, c.y), weight: tensor(flipped.shape, flipped.data) },
            attributes: { workgroupSize: 64 },
          };
        }),
      reference: ({ x: dy, weight: flipped }) => {
        const weight = flip(flipped); // turned twice
        return {
          y: reference.conv5x5BackwardInput(
            dy.data,
            weight.data,
            shapeOf(dy, weight.shape[1], weight.shape[4]),
          ),
        };
      },
      spreads: true, // NaN times the zeros around a picture
      tolerance: allowed,
      readsPastTheEnd: kernel === conv5x5BackwardInputTiled,
    });
  }

  for (const [kernel, fits] of weightKernels) {
    testKernel(kernel, {
      cases: [...tiled, ...tiledSmall]
        .filter((c) => pick(c) && fits(c))
        .map((c) => ({
          name: c.name,
          inputs: { x: xOf(c, c.x), dy: dyOf(c, c.y) },
          attributes: { parts: 1, workgroupSize: 64 },
        })),
      reference: ({ x, dy }) => ({
        partials: reference.conv5x5BackwardWeight(
          x.data,
          dy.data,
          shapeOf(x, x.shape[2], dy.shape[2]),
        ),
      }),
      spreads: true, // NaN times the zeros around a picture
      tolerance: allowed,
    });
  }
}

/** The sums over parts of the rows: the reference's, with dy of all other rows set to zero. */
function parts(x: Dense, dy: Dense, count: number, between: boolean): Float64Array {
  const [G, N, O, H, W] = dy.shape;
  const shape = shapeOf(x, x.shape[2], O);
  const size = shape.C * 25 * O;
  const out = new Float64Array(G * count * size);
  for (let s = 0; s < count; s++) {
    const masked = Float64Array.from(dy.data);
    for (let at = 0; at < masked.length; at++) {
      const i = Math.floor(at / W) % H;
      const n = Math.floor(at / W / H / O) % N;
      const row = between ? n : n * H + i;
      const rows = between ? N : N * H;
      const begin = Math.floor((s * rows) / count);
      const end = Math.floor(((s + 1) * rows) / count);
      if (row < begin || row >= end) masked[at] = 0;
    }
    const sums = reference.conv5x5BackwardWeight(x.data, masked, shape);
    for (let g = 0; g < G; g++) {
      out.set(sums.subarray(g * size, (g + 1) * size), (g * count + s) * size);
    }
  }
  return out;
}

for (const [kernel, fits] of weightKernels) {
  // The small-map kernels split between images, the others anywhere between rows.
  const between = kernel === conv5x5BackwardWeightMap3 || kernel === conv5x5BackwardWeightMap6;
  testKernel(kernel, {
    cases: [...tiled, ...tiledSmall]
      .filter((c) => forReal(c) && fits(c))
      .map((c, i) => ({
        name: `${c.name}, in parts`,
        inputs: { x: xOf(c, c.x), dy: dyOf(c, c.y) },
        attributes: {
          parts: Math.min(c.shape[1] * (between ? 1 : c.shape[4]), 2 + (i % 6)),
          workgroupSize: 64,
        },
      })),
    reference: ({ x, dy }, attributes) => ({
      partials: parts(x, dy, attributes.parts, between),
    }),
    finite: ['x'], // of a NaN in x, times dy set to zero, the reference finds one in every part
    spreads: true, // NaN times the zeros around a picture
    tolerance,
  });
}

testKernel(conv5x5ReduceWeight, {
  cases: [
    [1, 1, 1, 1],
    [1, 2, 1, 1],
    [1, 3, 2, 1],
    [2, 1, 3, 7],
    [2, 4, 3, 5],
    [1, 64, 1, 2],
    [3, 5, 2, 8],
    [2, 7, 9, 16],
    [1, 16, 1, 16],
    [1, 2, 17, 25],
  ].map(([G, S, C, O]) => ({
    name: `G = ${G}, S = ${S}, C = ${C}, O = ${O}`,
    inputs: { partials: tensor([G, S, C, 5, 5, O], G + S) },
    attributes: undefined,
  })),
  reference: ({ partials }) => {
    const [G, S, ...shape] = partials.shape;
    const size = shape.reduce((a, b) => a * b, 1);
    const dweight = new Float64Array(G * size);
    for (let at = 0; at < partials.data.length; at++) {
      dweight[Math.floor(at / size / S) * size + (at % size)] += partials.data[at];
    }
    return { dweight };
  },
  tolerance: { absolute: 1e-5, relative: 1e-6 }, // sums of at most 64 numbers of size 1
});

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
