import fc from 'fast-check';
import { localResponseNorm } from '../../src/eager';
import * as reference from '../../src/kernels/reference/local_response_norm';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc.record({
  N: extent(3),
  C: extent(7),
  image: fc.array(extent(4), { maxLength: 2 }),
  size: extent(6),
  alpha: fc.constantFrom(1e-4, 0.5, 2),
  beta: fc.constantFrom(0.75, 0.5, 1),
  k: fc.constantFrom(1, 2),
  seed: fc.nat(),
});

property('local_response_norm', cases, async (gpu, { N, C, image, seed, ...attributes }) => {
  const x = array([N, C, ...image], seed, 3);
  const dy = array(x.shape, seed + 1);
  const D = image.reduce((a, b) => a * b, 1);
  const o = { ...attributes, shape: [N, C, D] as const };
  // The power of a base near 10 is good to some 1e-6 of it.
  const tolerance = { absolute: 2e-5, relative: 2e-5 };
  const { y } = await localResponseNorm(gpu, { x }, attributes);
  expectClose('y', y, reference.localResponseNorm(x.data, o), tolerance);
  const { x: dx } = await localResponseNorm.backward(gpu, { x }, { y: dy }, attributes);
  expectClose('dx', dx, reference.localResponseNormBackward(x.data, dy.data, o), tolerance);
});
