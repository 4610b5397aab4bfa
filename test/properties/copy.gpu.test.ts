import fc from 'fast-check';
import * as eager from '../../src/eager';
import { PAD_MODES } from '../../src/kernels/copy';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/copy';
import { array, expectClose, extent, property } from '../support/property';

// Copies are exact; gradients of repetitions are sums of a few terms.
const sums = { absolute: 3e-5, relative: 1e-5 };

const shapes = (min = 1) => fc.array(extent(5), { minLength: min, maxLength: 5 });
const five = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(arbitrary, { minLength: 5, maxLength: 5 });

property(
  'transpose',
  fc.tuple(shapes(), fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), fc.nat()),
  async (gpu, [shape, all, seed]) => {
    const axes = all.filter((axis) => axis < shape.length);
    const x = array(shape, seed);
    const picked = reference.transpose(shape, axes);
    const { y } = await eager.transpose(gpu, { x }, { axes });
    expectClose('y', y, reference.forward(x.data, picked));
    const dy = array(picked.shape, seed + 1);
    const { x: dx } = await eager.transpose.backward(gpu, { x }, { y: dy }, { axes });
    expectClose('dx', dx, reference.backward(dy.data, picked, x.data.length));
  },
);

property(
  'expand',
  fc.tuple(shapes(), five(fc.boolean()), extent(5, 0), fc.nat()),
  async (gpu, [shape, ones, drop, seed]) => {
    const x = array(
      shape.map((n, i) => (ones[i] ? 1 : n)).slice(Math.min(drop, shape.length)),
      seed,
    );
    const picked = reference.expand(x.shape, shape);
    const { y } = await eager.expand(gpu, { x }, { shape });
    expectClose('y', y, reference.forward(x.data, picked));
    const dy = array(shape, seed + 1);
    const { x: dx } = await eager.expand.backward(gpu, { x }, { y: dy }, { shape });
    expectClose('dx', dx, reference.backward(dy.data, picked, x.data.length), sums);
  },
);

/** Python's slice.indices. */
function python(start: number, end: number, step: number, n: number) {
  const bound = (i: number) => {
    const at = i < 0 ? i + n : i;
    return step > 0 ? Math.min(Math.max(at, 0), n) : Math.min(Math.max(at, -1), n - 1);
  };
  const indices: number[] = [];
  for (let i = bound(start); step > 0 ? i < bound(end) : i > bound(end); i += step) indices.push(i);
  return indices;
}

property(
  'slice',
  fc.tuple(
    shapes(),
    five(
      fc.tuple(
        fc.integer({ min: -7, max: 7 }),
        fc.integer({ min: -7, max: 7 }),
        fc.constantFrom(1, 1, 2, 3, -1, -2),
      ),
    ),
    fc.nat(),
  ),
  async (gpu, [shape, ranges, seed]) => {
    const x = array(shape, seed);
    const [starts, ends, steps] = [0, 1, 2].map((k) => shape.map((_, i) => ranges[i][k]));
    const indices = shape.map((n, i) => python(starts[i], ends[i], steps[i], n));
    const picked = reference.slice(
      shape,
      indices.map((l) => l[0] ?? 0),
      steps,
      indices.map((l) => l.length),
    );
    const { y } = await eager.slice(gpu, { x }, { starts, ends, steps });
    expectClose('y', y, reference.forward(x.data, picked));
    const dy = array(picked.shape, seed + 1);
    const { x: dx } = await eager.slice.backward(gpu, { x }, { y: dy }, { starts, ends, steps });
    expectClose('dx', dx, reference.backward(dy.data, picked, x.data.length));
  },
);

property(
  'pad',
  fc.tuple(
    shapes(),
    five(fc.tuple(extent(6, 0), extent(6, 0))),
    fc.constantFrom(...PAD_MODES),
    fc.nat(),
  ),
  async (gpu, [all, sides, mode, seed]) => {
    const shape = all.slice(0, 4).map((n) => (mode === 'reflect' ? n + 1 : n)); // one element has no mirror
    const [before, after] = [0, 1].map((k) =>
      shape.map((_, i) => Math.min(sides[i][k], 3 + 3 * (i % 2))),
    );
    const x = array(shape, seed);
    const picked = reference.pad(shape, before, after, mode);
    const attributes = { before, after, mode, value: 2.5 };
    const { y } = await eager.pad(gpu, { x }, attributes);
    expectClose('y', y, reference.forward(x.data, picked, 2.5));
    const dy = array(picked.shape, seed + 1);
    const { x: dx } = await eager.pad.backward(gpu, { x }, { y: dy }, attributes);
    expectClose('dx', dx, reference.backward(dy.data, picked, x.data.length), sums);
  },
);

property(
  'concat',
  fc.tuple(shapes(), fc.array(extent(4), { minLength: 1, maxLength: 4 }), fc.nat(), fc.nat()),
  async (gpu, [shape, lengths, n, seed]) => {
    const axis = n % shape.length;
    const parts = lengths.map((length, i) =>
      array(
        shape.map((e, k) => (k === axis ? length : e)),
        seed + i,
      ),
    );
    const inputs = Object.fromEntries(parts.map((part, i) => [`part${i}`, part]));
    const { y } = await eager.concat(gpu, inputs, { axis: axis - shape.length });
    const dy = array(y.shape, seed + 9);
    const gradients = await eager.concat.backward(gpu, inputs, { y: dy }, { axis });
    let begin = 0;
    for (const [i, part] of parts.entries()) {
      const starts = shape.map((_, k) => (k === axis ? begin : 0));
      const picked = reference.slice(
        y.shape,
        starts,
        shape.map(() => 1),
        part.shape,
      );
      expectClose('part', part, reference.forward(y.data, picked));
      expectClose('dpart', gradients[`part${i}`], reference.forward(dy.data, picked));
      begin += lengths[i];
    }
    if (begin * (size(shape) / shape[axis]) !== y.data.length)
      throw new Error(`shape [${y.shape}]`);
  },
);

property('reshape', fc.tuple(shapes(), fc.nat()), async (gpu, [shape, seed]) => {
  const x = array(shape, seed);
  const to = { shape: [size(shape), 1] };
  const { y } = await eager.reshape(gpu, { x }, to);
  expectClose('y', y, x.data);
  const { x: dx } = await eager.reshape.backward(gpu, { x }, { y: { ...to, data: x.data } }, to);
  expectClose('dx', dx, x.data);
});
