import fc from 'fast-check';
import { dropout } from '../../src/eager';
import * as reference from '../../src/kernels/reference/dropout';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc.record({
  shape: fc.array(extent(6), { maxLength: 4 }),
  rate: fc.constantFrom(0, 0.1, 0.25, 0.5, 0.9),
  seed: fc.nat(),
  step: fc.nat(1000),
  stream: fc.nat(100),
});

property('dropout', cases, async (gpu, { shape, rate, ...draw }) => {
  const [x, dy] = [array(shape, draw.seed, 3), array(shape, draw.seed + 1)];
  const tolerance = { absolute: 0, relative: 2e-7 }; // one product
  const { y } = await dropout(gpu, { x }, { rate, ...draw });
  expectClose('y', y, reference.dropout(x.data, rate, draw), tolerance);
  const gradients = await dropout.backward(gpu, { x }, { y: dy }, { rate, ...draw });
  expectClose('dx', gradients.x, reference.dropout(dy.data, rate, draw), tolerance);
});
