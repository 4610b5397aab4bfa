import fc from 'fast-check';
import { normalize } from '../../src/eager';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/normalize';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc.record({
  shape: fc.array(extent(6), { minLength: 1, maxLength: 4 }),
  axis: fc.option(fc.nat(3), { nil: undefined }),
  scale: fc.constantFrom(0, 0.5, 1, 1000),
  epsilon: fc.constantFrom(undefined, 0.5),
  seed: fc.nat(),
});

property('normalize', cases, async (gpu, { shape, scale, epsilon, seed, ...c }) => {
  const axis = c.axis === undefined ? undefined : c.axis % shape.length;
  const along = axis ?? shape.length - 1;
  const sizes = {
    outer: size(shape.slice(0, along)),
    features: shape[along],
    inner: size(shape.slice(along + 1)),
    epsilon: epsilon ?? 1e-12,
  };
  const x = array(shape, seed, scale);
  const { y, norm } = await normalize(gpu, { x }, { axis, epsilon });
  const expected = reference.normalize(x.data, sizes);
  expectClose('y', y, expected.y, { absolute: 2e-6, relative: 2e-6 });
  expectClose('norm', norm, expected.norm, { absolute: 0, relative: 2e-6 });
  const dy = array(shape, seed + 1);
  const gradients = await normalize.backward(gpu, { x }, { y: dy }, { axis, epsilon });
  // Rounding of y, about 1e-7 of dy, over the divisor.
  const least = expected.norm.reduce((a, b) => Math.min(a, Math.max(b, sizes.epsilon)), Infinity);
  const tolerance = { absolute: 2e-6 / least, relative: 5e-6 };
  expectClose('dx', gradients.x, reference.normalizeGradient(x.data, dy.data, sizes), tolerance);
});
