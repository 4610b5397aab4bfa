import { expect, it } from 'vitest';
import {
  denseBackward,
  denseBackwardActivation,
  denseForward,
  denseInputProduct,
  denseProduct,
  denseWeightProduct,
  type DenseAttributes,
} from '../../src/kernels/dense';
import { gemmTiled } from '../../src/kernels/gemm';
import { dropout } from '../../src/kernels/reference/dropout';
import { f32, size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/dense';
import type { DenseExtents } from '../../src/kernels/reference/dense';
import type { Capabilities } from '../../src/gpu/device';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { linear } from '../../src/tape/operations/dense';
import { ADAPTER, testGpu } from '../support/gpu';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type TestTensor } from '../support/kernel';
import { uniform } from '../support/random';

// A sum of L products of numbers in [-1, 1] grows like sqrt(L) / 3, and each of its L additions
// rounds by up to 6e-8 of it: a few 1e-8 * L in all. L is at most 600 here.
const tolerance = { absolute: 2e-5, relative: 1e-6 };

const extents: Record<string, DenseExtents> = {
  'one number': { G: 1, N: 1, K: 1, M: 1 },
  'N = 1': { G: 1, N: 1, K: 9, M: 5 },
  'one whole tile': { G: 1, N: 4, K: 4, M: 4 },
  'one more than a tile': { G: 1, N: 5, K: 5, M: 5 },
  'odd sizes, two groups': { G: 2, N: 7, K: 13, M: 11 },
  'seven classes': { G: 1, N: 16, K: 128, M: 7 },
  'many workgroups': { G: 2, N: 33, K: 66, M: 129 },
  'long sums': { G: 1, N: 9, K: 600, M: 10 },
  'many samples': { G: 1, N: 300, K: 3, M: 6 },
  'one column': { G: 3, N: 6, K: 8, M: 1 },
};

const cases = Object.entries(extents).map(([name, { G, N, K, M }]) => ({
  name,
  x: tensor([G, N, K], 1),
  weight: tensor([G, M, K], 2),
  bias: tensor([G, M], 3),
  dy: tensor([G, N, M], 4),
}));

const sizes = (weight: { shape: readonly number[] }, elements: number): DenseExtents => {
  const [M, K] = weight.shape.slice(-2);
  const G = weight.shape.length === 3 ? weight.shape[0] : 1;
  return { G, N: elements / G / K, K, M };
};

const seed = 7;
const number = 5;
const step = tensor([2], [seed, number], { dtype: 'u32' });
const notRead = tensor([1], [NaN]);

interface ForwardCase {
  name: string;
  x: TestTensor;
  weight: TestTensor;
  bias?: TestTensor;
  second_bias?: TestTensor;
  attributes?: DenseAttributes;
}

const behindCase = (name: string, attributes: DenseAttributes): ForwardCase => ({
  name,
  x: tensor([2, 9, 10], 1),
  weight: tensor([2, 6, 10], 2),
  bias: tensor([2, 6], 3),
  attributes,
});

const forwardCases: ForwardCase[] = [
  ...cases,
  { name: 'no bias', x: tensor([2, 5, 10], 1), weight: tensor([2, 6, 10], 2) },
  {
    name: 'two biases',
    x: tensor([2, 5, 10], 1),
    weight: tensor([2, 6, 10], 2),
    bias: tensor([2, 6], 3),
    second_bias: tensor([2, 6], 4),
  },
  behindCase('ReLU', { relu: true }),
  behindCase('side by side', { sideBySide: true }),
  behindCase('ReLU, dropout', { relu: true, dropout: { rate: 0.3, stream: 2 } }),
  behindCase('ReLU, dropout, side by side', {
    relu: true,
    dropout: { rate: 0.5, stream: 1 },
    sideBySide: true,
  }),
  {
    name: 'zeros give the bias',
    x: tensor([1, 3, 4], new Float64Array(12)),
    weight: tensor([1, 2, 4], 1),
    bias: tensor([1, 2], [0.5, -2]),
  },
  {
    name: 'large values',
    x: tensor([1, 2, 3], [1e18, -1e18, 1, 2, 3, 4]),
    weight: tensor([1, 1, 3], [1e18, 1, 1]),
    bias: tensor([1, 1], [0]),
  },
  {
    name: 'no group axis, several leading axes',
    x: tensor([2, 3, 5], 1),
    weight: tensor([4, 5], 2),
    bias: tensor([4], 3),
  },
  {
    name: 'features over several axes',
    x: tensor([2, 3, 4, 3, 3], 1),
    weight: tensor([2, 5, 36], 2),
    bias: tensor([2, 5], 3),
  },
];

type Forward = DenseAttributes & { biases: 0 | 1 | 2 };
type Sum = Pick<TestTensor, 'shape' | 'data'>;

const biasesOf = ({ bias, second_bias }: ForwardCase) => (second_bias ? 2 : bias ? 1 : 0);

function expectedForward(
  [x, weight, bias, second_bias]: Sum[],
  { biases, relu, ...behind }: Forward,
): { y: ArrayLike<number> } {
  const e = sizes(weight, size(x.shape));
  const sums = Float64Array.from(
    { length: e.G * e.M },
    (_, i) => (biases > 0 ? bias.data[i] : 0) + (biases > 1 ? second_bias.data[i] : 0),
  );
  let y = reference.denseForward(x.data, weight.data, sums, e, relu);
  if (behind.dropout) {
    const { rate, stream } = behind.dropout;
    y = dropout(y, rate, { seed, step: number, stream });
  }
  return { y: behind.sideBySide ? reference.sideBySide(y, [e.G, e.N, e.M]) : y };
}

testKernel(denseForward, {
  cases: forwardCases.map((c) => ({
    name: c.name,
    inputs: {
      ...{ x: c.x, weight: c.weight, step },
      ...{ bias: c.bias ?? notRead, second_bias: c.second_bias ?? notRead },
    },
    attributes: { ...c.attributes, biases: biasesOf(c) },
  })),
  reference: ({ x, weight, bias, second_bias }, attributes) =>
    expectedForward([x, weight, bias, second_bias], attributes as Forward),
  tolerance,
});

const { capabilities } = await testGpu();

if (capabilities.subgroupMinSize >= 4) {
  const workgroupSize = Math.min(capabilities.subgroupMaxSize, 64);
  const unused = { c: notRead, d: notRead };
  type Inputs = Record<'a' | 'b' | 'c' | 'd', Sum>;
  const products = [
    ...forwardCases
      .filter(({ attributes }) => !attributes?.dropout)
      .map((c) => {
        const { x, weight, bias = notRead, second_bias = notRead, attributes } = c;
        const behind = { ...attributes, biases: biasesOf(c) } as Forward;
        return {
          name: c.name,
          inputs: { a: x, b: weight, c: bias, d: second_bias },
          product: denseProduct(x, weight, { ...attributes, addends: behind.biases }),
          expected: ({ a, b, c, d }: Inputs) => expectedForward([a, b, c, d], behind).y,
        };
      }),
    ...cases.map(({ name, x, weight, dy }) => ({
      name: `${name}: dx`,
      inputs: { a: dy, b: weight, ...unused },
      product: denseInputProduct(x, weight, dy),
      expected: ({ a, b }: Inputs) =>
        reference.denseBackward(x.data, b.data, a.data, sizes(weight, size(x.shape))).dx,
    })),
    ...cases.map(({ name, x, weight, dy }) => ({
      name: `${name}: dweight`,
      inputs: { a: dy, b: x, ...unused },
      product: denseWeightProduct(weight, dy),
      expected: ({ a, b }: Inputs) =>
        reference.denseBackward(b.data, weight.data, a.data, sizes(weight, size(x.shape))).dweight,
    })),
  ];
  const expectedOf = new Map(products.map(({ name, expected }) => [name, expected]));
  testKernel(gemmTiled, {
    cases: products.map(({ name, inputs, product }) => ({
      name,
      inputs,
      attributes: { ...product, workgroupSize, of: name },
    })),
    reference: (inputs, attributes) => ({
      y: expectedOf.get((attributes as unknown as { of: string }).of)!(inputs),
    }),
    tolerance,
  });
}

testKernel(denseBackwardActivation, {
  cases: (
    [
      ['one number', [1, 1, 1], { relu: true }],
      ['ReLU', [2, 5, 7], { relu: true }],
      ['dropout', [2, 5, 7], { relu: true, dropout: { rate: 0.3, stream: 1 } }],
      ['side by side', [2, 5, 7], { sideBySide: true }],
      ['one group, side by side', [1, 6, 3], { relu: true, sideBySide: true }],
      ['three groups of one sample', [3, 1, 4], { relu: true, sideBySide: true }],
      ['one feature', [2, 9, 1], { relu: true, sideBySide: true }],
      [
        'all of it',
        [2, 33, 66],
        { relu: true, dropout: { rate: 0.5, stream: 1 }, sideBySide: true },
      ],
      ['all shut', [2, 2, 2], { relu: true }],
      ['large values', [1, 3, 5], { relu: true, dropout: { rate: 0.9, stream: 1 } }],
    ] as [string, number[], DenseAttributes][]
  ).map(([name, shape, attributes]) => {
    const [G, N, M] = shape;
    const made = attributes.sideBySide ? [N, G * M] : shape;
    const y = uniform(size(shape), 1).map((v) => (name === 'all shut' ? 0 : Math.max(0, v)));
    const scale = name === 'large values' ? 1e30 : 1;
    return {
      name,
      inputs: { y: tensor(made, y), dy: tensor(made, 2, { scale }) },
      attributes: { ...attributes, shape },
    };
  }),
  reference: ({ y, dy }, { shape: [G, N, M], relu, dropout, sideBySide: aside }) => {
    const scale = dropout ? 1 / (1 - dropout.rate) : 1;
    const dz = Float64Array.from(dy.data, (d, i) => (relu ? (y.data[i] <= 0 ? 0 : d * scale) : d));
    return { dz: aside ? reference.sideBySide(dz, [N, G, M]) : dz };
  },
  tolerance: { absolute: 0, relative: 2e-7 },
});

const all = { input: true, weight: true, bias: true };

testKernel(denseBackward, {
  cases: [
    ...cases.map(({ name, x, weight, dy }) => ({
      name,
      inputs: { x, weight, dy },
      attributes: all,
    })),
    ...(['input', 'weight', 'bias'] as const).map((one) => ({
      name: `${one} alone`,
      inputs: { x: tensor([2, 9, 10], 1), weight: tensor([2, 6, 10], 2), dy: tensor([2, 9, 6], 3) },
      attributes: { input: false, weight: false, bias: false, [one]: true },
    })),
  ],
  reference: ({ x, weight, dy }, wanted) => {
    const e = sizes(weight, size(x.shape));
    const { dx, dweight, dbias } = reference.denseBackward(x.data, weight.data, dy.data, e);
    const untouched = [NaN]; // the poison that was there
    return {
      dx: wanted.input ? dx : untouched,
      dweight: wanted.weight ? dweight : untouched,
      dbias: wanted.bias ? dbias : untouched,
    };
  },
  tolerance,
});

testGradient('dense', {
  cases: ['one number', 'one more than a tile', 'odd sizes, two groups'].map((name) => {
    const { x, weight, bias } = cases.find((c) => c.name === name)!;
    return { name, inputs: { x, weight, bias }, attributes: undefined };
  }),
  forward: ({ x, weight, bias }) =>
    reference.denseForward(x.data, weight.data, bias.data, sizes(weight, x.data.length)),
  backward: ({ x, weight }, dy) => {
    const e = sizes(weight, x.data.length);
    const { dx, dweight, dbias } = reference.denseBackward(x.data, weight.data, dy, e);
    return { x: dx, weight: dweight, bias: dbias };
  },
});

const onTape: [string, DenseExtents, Capabilities?][] = [
  ['by one dispatch', { G: 2, N: 3, K: 5, M: 4 }],
  ['forward by register tiles', { G: 2, N: 16, K: 130, M: 128 }, capabilities],
  ['all by register tiles', { G: 1, N: 256, K: 512, M: 1024 }, capabilities],
];
it.runIf(ADAPTER === 'gpu').each(onTape)(
  'dense on a tape writes its gradients to their places, %s',
  async (_, e, of) => {
    const storage = new Storage(await testGpu());
    const parameter = (name: string, shape: number[]) => {
      const value = state(name, f32(shape));
      value.grad = state(`${name}.grad`, f32(shape));
      return value;
    };
    const x = parameter('x', [e.G, e.N, e.K]);
    const weight = parameter('weight', [e.G, e.M, e.K]);
    const bias = parameter('bias', [e.G, e.M]);
    const dy = state('dy', f32([e.G, e.N, e.M]));
    const data = [x, weight, bias, dy].map((value, i) => {
      const numbers = Float32Array.from(uniform(value.bytes / 4, i + 1));
      storage.write(value, numbers);
      return numbers;
    });

    const tape = new Tape(of);
    const { y } = tape.apply(linear, { x, weight, bias }, { relu: true });
    tape.seed(y, dy);
    tape.backward();
    const plan = await Plan.compile(tape, storage);
    plan.run();

    const expected = reference.denseForward(data[0], data[1], data[2], e, true);
    const masked = data[3].map((d, i) => (expected[i] > 0 ? d : 0));
    const gradients = reference.denseBackward(data[0], data[1], masked, e);
    const check = async (value: typeof x, numbers: Float64Array) => {
      const found = await storage.read(value);
      const errors = numbers.map((number, i) => Math.abs(found[i] - number));
      expect(errors.reduce((most, error) => Math.max(most, error), 0)).toBeLessThan(5e-5);
    };
    await check(x.grad!, gradients.dx);
    await check(weight.grad!, gradients.dweight);
    await check(bias.grad!, gradients.dbias);
    plan.dispose();
  },
);
