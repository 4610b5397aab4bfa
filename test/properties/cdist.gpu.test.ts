import fc from 'fast-check';
import { cdist } from '../../src/eager';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/cdist';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc.record({
  batch: fc.array(extent(3), { maxLength: 2 }),
  rows: extent(9),
  columns: extent(9),
  features: extent(20),
  squared: fc.boolean(),
  epsilon: fc.constantFrom(0, Math.fround(1e-6)),
  seed: fc.nat(),
});

property('cdist', cases, async (gpu, { batch, seed, squared, epsilon, ...sizes }) => {
  const { rows, columns, features } = sizes;
  const a = array([...batch, rows, features], seed);
  const b = array([...batch, columns, features], seed + 1);
  const options = { ...sizes, batch: size(batch), squared, epsilon };
  const { y } = await cdist(gpu, { a, b }, { squared, epsilon });
  const expected = reference.cdist(a.data, b.data, options);
  // As test/kernels/cdist.gpu.test.ts.
  expectClose('y', y, expected, { absolute: 1e-6, relative: 2e-6 });
  const dy = array([...batch, rows, columns], seed + 2);
  const found = await cdist.backward(gpu, { a, b }, { y: dy }, { squared, epsilon });
  const gradients = reference.cdistGradient(a.data, b.data, dy.data, options);
  // Differences of numbers near 1, over a distance that may be small.
  const nearest = squared ? 1 : expected.reduce((least, d) => Math.min(least, d), 1);
  const tolerance = { absolute: 1e-5 + 2e-6 / nearest, relative: 1e-5 };
  expectClose('da', found.a, gradients.a, tolerance);
  expectClose('db', found.b, gradients.b, tolerance);
});
