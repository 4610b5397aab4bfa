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
import { bordered, size, type Kernel, type Layout } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/conv';
import { inParts } from '../support/conv';
import { testGpu } from '../support/gpu';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense, type TestTensor } from '../support/kernel';

// Sums of at most some 500 products of numbers up to 1: 6e-8 * sqrt(500) * a few.
const tolerance = { absolute: 2e-5, relative: 1e-5 };

interface Case {
  name: string;
  /** G, N, C, O, and rows and columns of y. */
  shape: [number, number, number, number, number, number];
  taps: number;
  stride: 1 | 2;
  /** Border of dy; of x too for the readable kernels, whose layouts may be any. */
  border?: number;
  depthwise?: boolean;
}

const windows: Case[] = [
  { name: '3x3, one pixel', shape: [1, 1, 1, 1, 1, 1], taps: 3, stride: 1 },
  { name: '3x3, odd sizes', shape: [2, 2, 3, 7, 5, 7], taps: 3, stride: 1, border: 1 },
  { name: '3x3, whole tiles', shape: [1, 1, 8, 16, 8, 8], taps: 3, stride: 1 },
  { name: '3x3, many tiles', shape: [2, 5, 2, 4, 9, 9], taps: 3, stride: 1, border: 1 },
  { name: '3x3, many channels', shape: [1, 2, 23, 12, 3, 5], taps: 3, stride: 1, border: 1 },
  { name: '3x3, one row', shape: [1, 3, 2, 4, 1, 10], taps: 3, stride: 1, border: 1 },
  { name: '3x3, one column', shape: [1, 3, 2, 4, 10, 1], taps: 3, stride: 1, border: 1 },
  { name: '3x3, stride 2', shape: [2, 2, 5, 8, 5, 6], taps: 3, stride: 2, border: 1 },
  { name: '5x5', shape: [1, 2, 3, 8, 6, 6], taps: 5, stride: 1, border: 2 },
  { name: '5x5, stride 2', shape: [2, 1, 3, 4, 3, 5], taps: 5, stride: 2, border: 3 },
];

/** A frame that is just large enough. */
const frameOf = ({ shape: [G, N, C, , H, W], taps, stride }: Case) => {
  const [rows, columns] = [H, W].map((extent) => (extent - 1) * stride + taps);
  return [G, N, C, rows, Math.ceil(columns / 4) * 4];
};
const yOf = ({ shape: [G, N, , O, H, W] }: Case) => [G, N, O, H, W];
const weightOf = ({ shape: [G, , C, O], taps, depthwise }: Case) =>
  tensor([G, C, taps, taps, depthwise ? 1 : O], 2);
const biasOf = ({ shape: [G, , , O] }: Case) => tensor([G, O], 3);
const dyOf = (c: Case) => {
  const shape = yOf(c);
  return tensor(shape, 4, { layout: bordered(shape[4], c.border ?? 0) });
};
const frameWindow = ({ taps, stride, depthwise }: Case) => ({
  taps,
  stride,
  before: [0, 0] as const,
  depthwise,
});

const { capabilities } = await testGpu();
const lanes = capabilities.subgroupMinSize;
/** Among how many lanes values go round here, or undefined: none. */
const kinds: (4 | 8 | undefined)[] = [undefined, ...([4, 8] as const).filter((n) => lanes >= n)];
/** The subgroup kernels read the weights of 4 output channels at a time. */
const fits = (outputs: number, among?: number) => !among || outputs % 4 === 0;

for (const among of kinds) {
  const label = ({ name }: { name: string }) => (among ? `${name}, ${among} lanes` : name);
  testKernel(among ? convForwardSubgroup : convForward, {
    cases: windows
      .filter(({ shape: [, , , O] }) => fits(O, among))
      .map((c, i) => ({
        name: label(c),
        inputs: { x: tensor(frameOf(c), 1), weight: weightOf(c), bias: biasOf(c) },
        attributes: {
          stride: c.stride,
          map: c.shape.slice(4) as [number, number],
          hasBias: i % 2 === 1,
          lanes: among,
        },
      })),
    reference: ({ x, weight, bias }, { stride, map, hasBias }) => {
      const y = [x.shape[0], x.shape[1], weight.shape[4], ...map];
      const window = { taps: weight.shape[2], stride, before: [0, 0] as const };
      const given = hasBias ? bias.data : undefined;
      return { y: reference.convForward(x.data, x.shape, weight.data, given, y, window) };
    },
    tolerance,
    readsPastTheEnd: true,
  });

  type Weight = Kernel<'x' | 'dy', 'partials', ConvWeight>;
  type ConvWeight = Parameters<NonNullable<(typeof convBackwardWeight)['params']>>[1];
  testKernel<'x' | 'dy', 'partials', ConvWeight>(
    (among ? convBackwardWeightSubgroup : convBackwardWeight) as Weight,
    {
      cases: windows.flatMap((c, i) =>
        [c.taps === 3 && among === 4 ? (3 as const) : (1 as const)].map((rows) => ({
          name: `${label(c)}, ${rows} rows`,
          inputs: { x: tensor(frameOf(c), 1), dy: dyOf(c) },
          attributes: {
            taps: c.taps as 3 | 5,
            stride: c.stride,
            rows,
            lanes: among,
            parts: Math.min(c.shape[1] * Math.ceil(c.shape[4] / 2), 1 + (i % 4)),
            workgroupSize: 64,
          },
        })),
      ),
      reference: ({ x, dy }, { taps, stride, parts }) => ({
        partials: inParts(x, dy, parts, 2, { taps, stride, before: [0, 0] }),
      }),
      tolerance,
      spreads: true, // x beside the map meets the zeros around dy
      readsPastTheEnd: true,
    },
  );
}

/** G, N, C, O, pixels of an image. */
const products: [number, number, number, number, number][] = [
  [1, 1, 1, 1, 1],
  [2, 3, 5, 8, 12],
  [1, 2, 9, 12, 35],
  [2, 5, 8, 20, 49],
  [1, 1, 70, 4, 4],
  [1, 2, 6, 7, 30],
];
/** Pixels in a row of whole vec4s, filled up with zeros. */
const pixels = (G: number, N: number, channels: number, count: number, seed: number) => {
  const row = Math.ceil(count / 4) * 4;
  const { data } = tensor([G, N, channels, 1, row], seed);
  const filled = Float64Array.from(data, (value, at) => (at % row < count ? value : 0));
  return tensor([G, N, channels, 1, row], filled);
};

for (const kernel of [convPointwise, convPointwiseVec4]) {
  testKernel(kernel, {
    cases: products
      .filter(([, , , O]) => kernel === convPointwise || O % 4 === 0)
      .map(([G, N, C, O, count], i) => ({
        name: `${[G, N, C, O, count].join('x')}`,
        inputs: {
          x: pixels(G, N, C, count, 1),
          weight: tensor([G, C, 1, 1, O], 2),
          bias: tensor([G, O], 3),
        },
        attributes: { map: [1, count] as const, hasBias: i % 2 === 1 },
      })),
    reference: ({ x, weight, bias }, { map, hasBias }) => ({
      y: reference.convForward(
        x.data,
        x.shape,
        weight.data,
        hasBias ? bias.data : undefined,
        [x.shape[0], x.shape[1], weight.shape[4], ...map],
        { taps: 1, stride: 1, before: [0, 0] },
      ),
    }),
    tolerance,
    readsPastTheEnd: true,
  });
}

for (const among of kinds) {
  testKernel(among ? convPointwiseBackwardWeightSubgroup : convPointwiseBackwardWeight, {
    cases: products.map(([G, N, C, O, count], i) => ({
      name: `${[G, N, C, O, count].join('x')}${among ? `, ${among} lanes` : ''}`,
      inputs: { x: pixels(G, N, C, count, 1), dy: pixels(G, N, O, count, 2) },
      attributes: { parts: Math.min(N, 1 + (i % 3)), workgroupSize: 64, lanes: among },
    })),
    reference: ({ x, dy }, { parts }) => {
      // A vec4 of pixels as a row, so that parts begin and end between two of them.
      const rows = ({ shape: [G, N, C, , row], data }: Dense) => ({
        shape: [G, N, C, row / 4, 4],
        data,
      });
      const window = { taps: 1, stride: 1, before: [0, 0] as const };
      return { partials: inParts(rows(x), rows(dy), parts, among ? 2 : 1, window) };
    },
    tolerance,
    spreads: true, // zeros fill up the last vec4
    readsPastTheEnd: true,
  });
}

/** Attributes of the kernels that give dx, at stride 1 or 2, and what they should give. */
const flipped: {
  name: string;
  dy: number[];
  C: number;
  map: [number, number];
  taps: 2 | 3;
  before: [number, number];
}[] = [
  { name: 'even first', dy: [1, 2, 3, 5, 8], C: 2, map: [8, 12], taps: 2, before: [0, 0] },
  { name: 'odd first', dy: [2, 1, 4, 5, 8], C: 3, map: [7, 13], taps: 2, before: [1, 1] },
  { name: 'one of each', dy: [1, 1, 2, 6, 8], C: 1, map: [5, 11], taps: 3, before: [1, 0] },
];
for (const among of kinds) {
  testKernel(among ? convForwardSubgroup : convForward, {
    cases: flipped.map(({ name, dy, C, map, taps, before }) => ({
      name: `phases, ${name}${among ? `, ${among} lanes` : ''}`,
      inputs: {
        x: tensor(dy, 1),
        weight: tensor([dy[0], dy[2], taps, taps, 4 * C], 2),
        bias: tensor([1], 3),
      },
      attributes: { stride: 1, phases: 2, map, before, lanes: among },
    })),
    reference: ({ x, weight }, { map, before = [0, 0] }) => {
      const [G, N, , rows, row] = x.shape;
      const [taps, channels] = [weight.shape[2], weight.shape[4]];
      const [H, W] = [rows - taps + 1, row - taps + 1];
      const window = { taps, stride: 1, before: [0, 0] as const };
      const all = [G, N, channels, H, W];
      const apart = reference.convForward(x.data, x.shape, weight.data, undefined, all, window);
      const y = new Float64Array((size(all.slice(0, 3)) / 4) * size(map));
      for (let at = 0; at < y.length; at++) {
        const [i, j] = [Math.floor(at / map[1]) % map[0], at % map[1]].map((v, k) => v + before[k]);
        const plane = Math.floor(at / size(map)) * 4 + (i % 2) * 2 + (j % 2);
        y[at] = apart[(plane * H + Math.floor(i / 2)) * W + Math.floor(j / 2)];
      }
      return { y };
    },
    tolerance,
    readsPastTheEnd: true,
  });
}

testKernel(convFlipWeights, {
  cases: [
    [1, 1, 1, 1, 1],
    [2, 3, 3, 5, 1],
    [2, 3, 3, 5, 2],
    [1, 70, 5, 4, 1],
    [1, 33, 5, 3, 2],
    [1, 2, 1, 3, 1],
  ].map(([G, C, K, O, stride]) => ({
    name: `${K}x${K}, stride ${stride}`,
    inputs: { weight: tensor([G, C, K, K, O], 1) },
    attributes: { stride },
  })),
  reference: ({ weight: { shape, data } }, { stride }) => {
    const [G, C, K, , O] = shape;
    const T = Math.ceil(K / stride);
    const all = new Float64Array(G * O * T * T * C * stride ** 2);
    for (let at = 0; at < data.length; at++) {
      const [o, kx, ky] = [at % O, Math.floor(at / O) % K, Math.floor(at / O / K) % K];
      const c = Math.floor(at / O / K / K) % C;
      const g = Math.floor(at / O / K / K / C);
      const [i, j] = [ky, kx].map((k) => T - 1 - Math.floor(k / stride));
      const inner = (c * stride + (ky % stride)) * stride + (kx % stride);
      all[(((g * O + o) * T + i) * T + j) * C * stride ** 2 + inner] = data[at];
    }
    return { flipped: all };
  },
  tolerance: { absolute: 0, relative: 0 }, // a copy
});

interface FrameCase {
  name: string;
  x: TestTensor;
  shape: number[];
  layout?: Layout;
  before: [number, number];
  stride?: number;
  expand?: number;
}

const images = (shape: number[], layout?: Layout) => tensor(shape, 1, { layout });
const frames: FrameCase[] = [
  { name: 'one pixel', x: images([1, 1, 1]), shape: [1, 1, 1], before: [0, 0] },
  { name: 'zeros around', x: images([2, 3, 5, 6]), shape: [2, 3, 7, 8], before: [1, 1] },
  { name: 'cropped', x: images([2, 7, 9]), shape: [2, 4, 4], before: [-2, -3] },
  { name: 'from a border', x: images([3, 4, 5], bordered(5)), shape: [3, 5, 7], before: [1, 0] },
  {
    name: 'to a border',
    x: images([3, 4, 5]),
    shape: [3, 4, 5],
    layout: bordered(5, 1),
    before: [0, 0],
  },
  { name: 'every other', x: images([2, 7, 6]), shape: [2, 4, 3], before: [0, 0], stride: 2 },
  { name: 'zeros between', x: images([2, 4, 3]), shape: [2, 8, 6], before: [0, 0], expand: 2 },
  {
    name: 'zeros between, cropped',
    x: images([2, 4, 3]),
    shape: [2, 5, 5],
    before: [-1, -1],
    expand: 2,
  },
];
testKernel(convFrame, {
  cases: frames.map(({ name, x, ...attributes }) => ({ name, inputs: { x }, attributes })),
  reference: ({ x }, { shape, before, stride = 1, expand = 1 }) => {
    const [H, W] = x.shape.slice(-2);
    const [rows, columns] = shape.slice(-2);
    const source = (place: number, ahead: number, extent: number) => {
      const at = (place * stride - ahead) / expand;
      return Number.isInteger(at) && at >= 0 && at < extent ? at : undefined;
    };
    return {
      y: Float64Array.from({ length: size(shape) }, (_, at) => {
        const i = source(Math.floor(at / columns) % rows, before[0], H);
        const j = source(at % columns, before[1], W);
        const plane = Math.floor(at / rows / columns);
        return i === undefined || j === undefined ? 0 : x.data[(plane * H + i) * W + j];
      }),
    };
  },
  tolerance: { absolute: 0, relative: 0 }, // a copy
});

// The readable kernels: any layout, any zeros around.
const apart: Case[] = [
  { name: 'depthwise', shape: [2, 2, 3, 3, 5, 7], taps: 3, stride: 1, border: 1, depthwise: true },
  { name: 'depthwise, stride 2', shape: [1, 2, 5, 5, 4, 8], taps: 3, stride: 2, depthwise: true },
];
const plain = [...windows, ...apart].map((c, i) => {
  const before = [i % 3, (i + 1) % 3] as const;
  const [G, N, C, , H, W] = c.shape;
  const extents = [H, W].map((extent, axis) =>
    Math.max(1, (extent - 1) * c.stride + c.taps - before[axis]),
  );
  const layout = c.border ? { border: c.border, rowStride: extents[1] + 7 } : undefined;
  const window = { ...frameWindow(c), before };
  return { ...c, x: tensor([G, N, C, ...extents], 1, { layout }), window };
});

testKernel(convForwardPlain, {
  cases: plain.map((c, i) => ({
    name: c.name,
    inputs: { x: c.x, weight: weightOf(c), bias: biasOf(c) },
    attributes: {
      ...c.window,
      map: c.shape.slice(4) as [number, number],
      layout: c.border ? bordered(c.shape[5], c.border) : undefined,
      hasBias: i % 2 === 1,
    },
  })),
  reference: ({ x, weight, bias }, { map, hasBias, ...window }) => {
    const channels = window.depthwise ? x.shape[2] : weight.shape[4];
    const y = [x.shape[0], x.shape[1], channels, ...map];
    const given = hasBias ? bias.data : undefined;
    const convolution = { ...window, taps: weight.shape[2] };
    return { y: reference.convForward(x.data, x.shape, weight.data, given, y, convolution) };
  },
  tolerance,
});

testKernel(convBackwardInputPlain, {
  cases: plain.map((c) => ({
    name: c.name,
    inputs: { dy: dyOf(c), weight: weightOf(c) },
    attributes: {
      ...c.window,
      map: c.x.shape.slice(3) as unknown as [number, number],
      layout: c.x.layout,
    },
  })),
  reference: ({ dy, weight }, { map, ...window }) => {
    const shape = [dy.shape[0], dy.shape[1], weight.shape[1], ...map];
    const convolution = { ...window, taps: weight.shape[2] };
    return { dx: reference.convBackwardInput(dy.data, dy.shape, weight.data, shape, convolution) };
  },
  tolerance,
});

testKernel(convBackwardWeightPlain, {
  cases: plain.map((c) => ({
    name: c.name,
    inputs: { x: c.x, dy: dyOf(c) },
    attributes: c.window,
  })),
  reference: ({ x, dy }, window) => ({
    dweight: reference.convBackwardWeight(x.data, x.shape, dy.data, dy.shape, window),
  }),
  tolerance,
});

testGradient('conv', {
  cases: plain
    .filter(({ shape }) => size(shape) < 20000)
    .map((c) => ({
      name: c.name,
      inputs: { x: c.x, weight: weightOf(c), bias: biasOf(c) },
      attributes: { ...c.window, y: yOf(c) },
    })),
  forward: ({ x, weight, bias }, { y, ...window }) =>
    reference.convForward(x.data, x.shape, weight.data, bias.data, y, window),
  backward: ({ x, weight }, dy, { y, ...window }) => ({
    x: reference.convBackwardInput(dy, y, weight.data, x.shape, window),
    weight: reference.convBackwardWeight(x.data, x.shape, dy, y, window),
    bias: reference.convBackwardBias(dy, y),
  }),
});
