import { expect, it } from 'vitest';
import {
  denseBackwardBias,
  denseBackwardInput,
  denseBackwardWeight,
  denseForward,
  type DenseAttributes,
} from '../../src/kernels/dense';
import { f32 } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/dense';
import type { DenseExtents } from '../../src/kernels/reference/dense';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { dense } from '../../src/tape/operations/dense';
import { testGpu } from '../support/gpu';
import { tensor, testGradient, testKernel } from '../support/kernel';
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

testKernel(denseForward, {
  cases: [
    ...cases.map(({ name, x, weight, bias }) => ({
      name,
      inputs: { x, weight, bias },
      attributes: undefined as DenseAttributes,
    })),
    {
      name: 'no bias',
      inputs: {
        x: tensor([2, 5, 10], 1),
        weight: tensor([2, 6, 10], 2),
        bias: tensor([1], [NaN]), // not read
      },
      attributes: { hasBias: false },
    },
    {
      name: 'with ReLU',
      inputs: { x: tensor([2, 9, 10], 1), weight: tensor([2, 6, 10], 2), bias: tensor([2, 6], 3) },
      attributes: { relu: true },
    },
    {
      name: 'zeros give the bias',
      inputs: {
        x: tensor([1, 3, 4], new Float64Array(12)),
        weight: tensor([1, 2, 4], 1),
        bias: tensor([1, 2], [0.5, -2]),
      },
      attributes: undefined,
    },
    {
      name: 'large values',
      inputs: {
        x: tensor([1, 2, 3], [1e18, -1e18, 1, 2, 3, 4]),
        weight: tensor([1, 1, 3], [1e18, 1, 1]),
        bias: tensor([1, 1], [0]),
      },
      attributes: undefined,
    },
    {
      name: 'no group axis, several leading axes',
      inputs: { x: tensor([2, 3, 5], 1), weight: tensor([4, 5], 2), bias: tensor([4], 3) },
      attributes: undefined,
    },
    {
      name: 'features over several axes',
      inputs: {
        x: tensor([2, 3, 4, 3, 3], 1),
        weight: tensor([2, 5, 36], 2),
        bias: tensor([2, 5], 3),
      },
      attributes: undefined,
    },
  ],
  reference: ({ x, weight, bias }, attributes) => ({
    y: reference.denseForward(
      x.data,
      weight.data,
      attributes?.hasBias === false ? new Float64Array(weight.data.length) : bias.data,
      sizes(weight, x.data.length),
      attributes?.relu,
    ),
  }),
  tolerance,
});

testKernel(denseBackwardInput, {
  cases: cases.map(({ name, x, weight, dy }) => ({
    name,
    inputs: { dy, weight },
    attributes: { shape: x.shape },
  })),
  reference: ({ dy, weight }, { shape }) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const e = sizes(weight, length);
    return {
      dx: reference.denseBackward(new Float64Array(length), weight.data, dy.data, e).dx,
    };
  },
  tolerance,
});

testKernel(denseBackwardWeight, {
  cases: cases.map(({ name, x, weight, dy }) => ({
    name,
    inputs: { x, dy },
    attributes: { shape: weight.shape },
  })),
  reference: ({ x, dy }, { shape }) => {
    const e = sizes({ shape }, x.data.length);
    const weight = new Float64Array(e.G * e.M * e.K);
    return { dweight: reference.denseBackward(x.data, weight, dy.data, e).dweight };
  },
  tolerance,
});

testKernel(denseBackwardBias, {
  cases: cases.map(({ name, bias, dy }) => ({
    name,
    inputs: { dy },
    attributes: { shape: bias.shape },
  })),
  reference: ({ dy }, { shape }) => {
    const [G, M] = shape;
    const e = { G, N: dy.data.length / G / M, K: 1, M };
    const x = new Float64Array(G * e.N);
    return { dbias: reference.denseBackward(x, new Float64Array(G * M), dy.data, e).dbias };
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

it('dense on a tape writes the gradients of its parameters to their places', async () => {
  const e = { G: 2, N: 3, K: 5, M: 4 };
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

  const tape = new Tape();
  const { y } = tape.apply(dense, { x, weight, bias }, { relu: true });
  tape.seed(y, dy);
  tape.backward();
  const plan = await Plan.compile(tape, storage);
  plan.run();

  const expected = reference.denseForward(data[0], data[1], data[2], e, true);
  const masked = data[3].map((d, i) => (expected[i] > 0 ? d : 0));
  const gradients = reference.denseBackward(data[0], data[1], masked, e);
  const check = async (value: typeof x, numbers: Float64Array) => {
    const found = await storage.read(value);
    numbers.forEach((number, i) => expect(found[i]).toBeCloseTo(number, 5));
  };
  await check(x.grad!, gradients.dx);
  await check(weight.grad!, gradients.dweight);
  await check(bias.grad!, gradients.dbias);
  plan.dispose();
});
