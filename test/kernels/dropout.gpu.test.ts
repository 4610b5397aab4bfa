import { describe, expect, it } from 'vitest';
import { dropoutBackward, dropoutForward } from '../../src/kernels/dropout';
import { bordered } from '../../src/kernels/kernel';
import { randomUniform } from '../../src/kernels/random';
import * as reference from '../../src/kernels/reference/dropout';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type TestTensor } from '../support/kernel';

/** The step buffer: seed and number. */
const stepOf = (seed: number, number: number) =>
  tensor(
    [64],
    Array.from({ length: 64 }, (_, i) => [seed, number][i] ?? 0),
    { dtype: 'u32' },
  );

interface Case {
  name: string;
  x: TestTensor;
  step?: TestTensor;
  rate: number;
  stream?: number;
}

const table: Case[] = [
  { name: 'one element', x: tensor([1], 1), rate: 0.5 },
  { name: 'one workgroup', x: tensor([64], 1), rate: 0.5 },
  { name: 'one more than a workgroup', x: tensor([65], 1), rate: 0.5 },
  { name: 'odd sizes', x: tensor([2, 3, 5, 7], 1), rate: 0.3 },
  { name: 'many workgroups', x: tensor([5003], 1), rate: 0.1 },
  { name: 'nothing dropped', x: tensor([100], 1), rate: 0 },
  { name: 'nearly everything dropped', x: tensor([100], 1), rate: 0.99 },
  { name: 'everything dropped', x: tensor([10], 1), rate: 1 },
  { name: 'another step', x: tensor([200], 1), rate: 0.5, step: stepOf(1, 100000) },
  { name: 'another seed', x: tensor([200], 1), rate: 0.5, step: stepOf(0xfedcba98, 1) },
  { name: 'another stream', x: tensor([200], 1), rate: 0.5, stream: 0xffffffff },
  { name: 'large values', x: tensor([3], [1e30, -1e30, 1e30]), rate: 0.5 },
];

const cases = table.map(({ name, x, step, rate, stream }) => ({
  name,
  inputs: { x, step: step ?? stepOf(1, 1) },
  attributes: { rate, stream: stream ?? 3 },
}));

const apply = (
  x: ArrayLike<number>,
  step: ArrayLike<number>,
  { rate, stream }: { rate: number; stream: number },
) => reference.dropout(x, rate, { seed: step[0], step: step[1], stream });

const tolerance = { absolute: 0, relative: 2e-7 }; // the scale is rounded, then the product

testKernel(dropoutForward, {
  cases,
  reference: ({ x, step }, attributes) => ({ y: apply(x.data, step.data, attributes) }),
  tolerance,
});

testKernel(dropoutForward, {
  cases: [
    {
      name: 'zero border stays zero',
      inputs: { x: tensor([2, 5, 7], 2, { layout: bordered(7) }), step: stepOf(1, 1) },
      attributes: { rate: 0, stream: 1 },
    },
  ],
  reference: ({ x }) => ({ y: x.data }),
  tolerance,
});

testKernel(dropoutBackward, {
  cases: cases.map(({ name, inputs: { x, step }, attributes }) => ({
    name,
    inputs: { dy: x, step },
    attributes,
  })),
  reference: ({ dy, step }, attributes) => ({ dx: apply(dy.data, step.data, attributes) }),
  tolerance,
});

testGradient('dropout', {
  cases: [0, 0.3, 0.8].map((rate) => ({
    name: `rate ${rate}`,
    inputs: { x: tensor([50], 1) },
    attributes: { rate, stream: 2 },
  })),
  forward: ({ x }, attributes) => apply(x.data, [7, 8], attributes),
  backward: (_, dy, attributes) => ({ x: apply(dy, [7, 8], attributes) }),
});

describe('dropout: the mask', () => {
  const ones = new Float64Array(100000).fill(1);

  it('keeps the share it should, and the mean', () => {
    // A share of 1e5 draws is off by sqrt(0.25 / 1e5) = 0.0016; 4 of those.
    for (const rate of [0.1, 0.5, 0.9]) {
      const y = apply(ones, [1, 1], { rate, stream: 0 });
      const kept = y.filter((value) => value > 0).length / y.length;
      expect(Math.abs(kept - (1 - rate))).toBeLessThan(0.0064);
    }
  });

  it('has nothing in common with the mask of another seed, step or stream', () => {
    const mask = (seed: number, step: number, stream: number) =>
      apply(ones, [seed, step], { rate: 0.5, stream });
    const first = mask(1, 1, 1);
    for (const other of [mask(2, 1, 1), mask(1, 2, 1), mask(1, 1, 2)]) {
      const same = first.filter((value, i) => value === other[i]).length / first.length;
      expect(Math.abs(same - 0.5)).toBeLessThan(0.0064);
    }
  });

  it('draws the numbers that the host draws', () => {
    const y = apply(ones.slice(0, 100), [9, 4], { rate: 0.25, stream: 6 });
    y.forEach((value, i) => expect(value > 0).toBe(randomUniform(9, 4, 6, i) >= 0.25));
  });
});
