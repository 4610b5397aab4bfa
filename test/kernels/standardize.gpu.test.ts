import * as reference from '../../src/kernels/reference/standardize';
import { standardizeForward } from '../../src/kernels/standardize';
import { size } from '../../src/kernels/kernel';
import { tensor, testKernel } from '../support/kernel';
import { random } from '../support/random';

function grey(shape: number[], seed: number, low = 0, high = 255) {
  const next = random(seed);
  return tensor(
    shape,
    Array.from({ length: size(shape) }, () => Math.round(low + next() * (high - low))),
  );
}

function testCase(name: string, shape: number[], streams: 1 | 2 = 2) {
  return {
    name,
    inputs: { a: grey(shape, 1), b: grey(shape, 2) },
    attributes: { streams },
  };
}

const flat = (value: number) => tensor([2, 6, 6], new Float64Array(72).fill(value));

testKernel(standardizeForward, {
  cases: [
    testCase('one pixel', [1, 1, 1]),
    testCase('one stream', [3, 8, 8], 1),
    testCase('two streams', [3, 8, 8]),
    testCase('one image', [1, 16, 16]),
    testCase('odd sizes', [2, 5, 7]),
    testCase('a row', [2, 1, 33]),
    testCase('a column', [2, 33, 1], 1),
    testCase('more pixels than threads', [2, 48, 48]),
    testCase('the training size', [2, 96, 96]),
    // A workgroup of one subgroup, as CPUs have them.
    ...[4, 8].map((threads) => ({
      ...testCase(`${threads} threads`, [2, 48, 48]),
      attributes: { streams: 2 as const, threads },
    })),
    { name: 'blank', inputs: { a: flat(0), b: flat(0) }, attributes: { streams: 2 } },
    { name: 'white', inputs: { a: flat(255), b: flat(17) }, attributes: { streams: 2 } },
    {
      name: 'two bright greys, little variance',
      inputs: { a: grey([2, 20, 20], 5, 250, 251), b: grey([2, 20, 20], 6, 254, 255) },
      attributes: { streams: 2 },
    },
  ],
  reference: ({ a, b }, { streams }) => ({
    y: reference.standardizeForward(
      streams === 1 ? [a.data] : [a.data, b.data],
      a.shape[1] * a.shape[2],
    ),
  }),
  // The mean is 2.5 ulp of 255 off at most (WGSL's division): 4e-5, times an rstd of at most 1.
  // The sum of squares of K pixels is off by a few sqrt(K) * 6e-8, relatively: 1e-5.
  tolerance: { absolute: 5e-5, relative: 1e-5 },
  race: testCase('race', [2, 3, 3]),
});
