import fc from 'fast-check';
import { gather, segmentSum } from '../../src/eager';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/gather';
import { random } from '../support/random';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc
  .record({
    shape: fc.array(extent(5), { minLength: 1, maxLength: 3 }),
    picks: fc.array(extent(4), { minLength: 1, maxLength: 2 }),
    axis: fc.nat(2),
    signed: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ shape, axis, picks, signed, seed }) => {
    const at = axis % shape.length;
    const rows = shape[at];
    const next = random(seed);
    // Also numbers past both ends.
    const numbers = Array.from({ length: size(picks) }, () =>
      signed ? Math.floor(next() * (2 * rows + 2)) - rows - 1 : Math.floor(next() * (rows + 1)),
    );
    const data = signed ? Int32Array.from(numbers) : Uint32Array.from(numbers);
    return {
      shape,
      axis: at,
      seed,
      indices: { shape: picks, data },
      picked: [...shape.slice(0, at), ...picks, ...shape.slice(at + 1)],
      sizes: { outer: size(shape.slice(0, at)), rows, inner: size(shape.slice(at + 1)), signed },
    };
  });

// Sums of at most 16 terms of scale 1.
const tolerance = { absolute: 2e-6, relative: 1e-6 };

property('gather', cases, async (gpu, { shape, axis, seed, indices, picked, sizes }) => {
  const x = array(shape, seed);
  const { y } = await gather(gpu, { x, indices }, { axis });
  expectClose('y', y, reference.gather(x.data, indices.data, sizes));
  const dy = array(picked, seed + 1);
  const gradients = await gather.backward(gpu, { x, indices }, { y: dy }, { axis });
  expectClose('dx', gradients.x, reference.segmentSum(dy.data, indices.data, sizes), tolerance);
});

property('segment_sum', cases, async (gpu, { shape, axis, seed, indices, picked, sizes }) => {
  const x = array(picked, seed);
  const attributes = { axis, count: sizes.rows };
  const { y } = await segmentSum(gpu, { x, segments: indices }, attributes);
  expectClose('y', y, reference.segmentSum(x.data, indices.data, sizes), tolerance);
  const dy = array(shape, seed + 1);
  const gradients = await segmentSum.backward(gpu, { x, segments: indices }, { y: dy }, attributes);
  expectClose('dx', gradients.x, reference.gather(dy.data, indices.data, sizes));
});
