import fc from 'fast-check';
import * as eager from '../../src/eager';
import type { Gpu } from '../../src/gpu/device';
import * as reference from '../../src/kernels/reference/elementwise';
import { array, expectClose, extent, property } from '../support/property';

const shapes = fc.array(extent(5), { minLength: 0, maxLength: 5 });

type Array = ReturnType<typeof array>;
type Call<In> = {
  (gpu: Gpu, inputs: In, attributes?: object): Promise<{ y: { data: ArrayLike<number> } }>;
  backward(
    gpu: Gpu,
    inputs: In,
    dy: { y: Array },
    attributes?: object,
  ): Promise<Partial<Record<string, { data: ArrayLike<number> }>>>;
};

/** Function, its two numbers, its attributes, and whether it wants positive numbers. */
const UNARY: [string, unknown, [number, number], object, boolean?][] = [
  ['neg', eager.neg, [0, 0], {}],
  ['abs', eager.abs, [0, 0], {}],
  ['exp', eager.exp, [0, 0], {}],
  ['log', eager.log, [0, 0], {}, true],
  ['sqrt', eager.sqrt, [0, 0], {}, true],
  ['reciprocal', eager.reciprocal, [0, 0], {}, true],
  ['square', eager.square, [0, 0], {}],
  ['sigmoid', eager.sigmoid, [0, 0], {}],
  ['tanh', eager.tanh, [0, 0], {}],
  ['relu', eager.relu, [0, 0], {}],
  ['leaky_relu', eager.leakyRelu, [0.2, 0], { slope: 0.2 }],
  ['elu', eager.elu, [1.5, 0], { alpha: 1.5 }],
  ['clip', eager.clip, [-0.5, 2], { min: -0.5, max: 2 }],
  ['hard_sigmoid', eager.hardSigmoid, [0.25, 0.5], { alpha: 0.25, beta: 0.5 }],
  ['softplus', eager.softplus, [0, 0], {}],
  ['softsign', eager.softsign, [0, 0], {}],
  ['affine', eager.affine, [2, -1], { scale: 2, shift: -1 }],
  ['ceil', eager.ceil, [0, 0], {}],
  ['floor', eager.floor, [0, 0], {}],
  ['sign', eager.sign, [0, 0], {}],
  ['sin', eager.sin, [0, 0], {}],
  ['cos', eager.cos, [0, 0], {}],
  ['erf', eager.erf, [0, 0], {}],
  ['gelu', eager.gelu, [0, 0], {}],
  ['silu', eager.silu, [0, 0], {}],
  ['hard_swish', eager.hardSwish, [0, 0], {}],
  ['celu', eager.celu, [0.5, 0], { alpha: 0.5 }],
];

// exp may be wrong by 3 + 2 |x| units in the last place, the others by less.
const tolerance = { absolute: 2e-6, relative: 4e-6 };

for (const [name, operation, [alpha, beta], attributes, positive] of UNARY) {
  property(name, fc.tuple(shapes, fc.nat()), async (gpu, [shape, seed]) => {
    const call = operation as Call<{ x: Array }>;
    const x = array(shape, seed, 4);
    if (positive) x.data.forEach((v, i) => (x.data[i] = Math.abs(v) + 0.1));
    const dy = array(shape, seed + 1);
    const { y } = await call(gpu, { x }, attributes);
    expectClose('y', y, reference.unary(name, x.data, alpha, beta), tolerance);
    const gradients = await call.backward(gpu, { x }, { y: dy }, attributes);
    const dx = reference.unaryBackward(name, x.data, dy.data, alpha, beta);
    expectClose('dx', gradients.x, dx, { absolute: 1e-5, relative: 1e-5 });
  });
}

const BINARY: [string, unknown, boolean?][] = [
  ['add', eager.add],
  ['sub', eager.sub],
  ['mul', eager.mul],
  ['div', eager.div, true],
  ['maximum', eager.maximum],
  ['minimum', eager.minimum],
  ['pow', eager.pow, true],
];

property('tan', fc.tuple(shapes, fc.nat()), async (gpu, [shape, seed]) => {
  const x = array(shape, seed, 1.4); // its slope grows to 35 there
  const { y } = await eager.tan(gpu, { x });
  expectClose('y', y, reference.unary('tan', x.data), { absolute: 2e-6, relative: 8e-6 });
  const dy = array(shape, seed + 1);
  const gradients = await eager.tan.backward(gpu, { x }, { y: dy });
  const dx = reference.unaryBackward('tan', x.data, dy.data);
  expectClose('dx', gradients.x, dx, { absolute: 1e-5, relative: 2e-5 });
});

/** Two shapes that repeat to one. */
const two = fc
  .tuple(
    shapes,
    fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 5, maxLength: 5 }),
    extent(5, 0),
    fc.nat(),
  )
  .map(([shape, ones, drop, seed]) => ({
    a: shape.map((n, i) => (ones[i][0] ? 1 : n)),
    b: shape.map((n, i) => (ones[i][1] ? 1 : n)).slice(Math.min(drop, shape.length)),
    seed,
  }));

for (const [name, operation, positive] of BINARY) {
  property(name, two, async (gpu, { seed, ...shape }) => {
    const call = operation as Call<{ a: Array; b: Array }>;
    const [a, b] = [array(shape.a, seed, 3), array(shape.b, seed + 1, 3)];
    if (positive) {
      for (const { data } of [a, b]) data.forEach((v, i) => (data[i] = Math.abs(v) + 0.3));
    }
    const expected = reference.binary(name, a.data, shape.a, b.data, shape.b);
    const { y } = await call(gpu, { a, b });
    expectClose('y', y, expected.y, { absolute: 1e-6, relative: 1e-5 });
    const dy = array(expected.shape, seed + 2);
    const gradients = await call.backward(gpu, { a, b }, { y: dy });
    const { da, db } = reference.binaryBackward(name, a.data, shape.a, b.data, shape.b, dy.data);
    // Sums of up to 5^5 terms of up to 3^4.
    const sums = { absolute: 3e-4, relative: 2e-5 };
    expectClose('da', gradients.a, da, sums);
    expectClose('db', gradients.b, db, sums);
  });
}

property('prelu', two, async (gpu, { seed, ...shape }) => {
  const x = array(shape.a, seed, 3);
  const slope = array(shape.b, seed + 1);
  const expected = reference.binary('prelu', x.data, shape.a, slope.data, shape.b);
  const { y } = await eager.prelu(gpu, { x, slope });
  expectClose('y', y, expected.y, { absolute: 1e-6, relative: 1e-6 });
  const dy = array(expected.shape, seed + 2);
  const gradients = await eager.prelu.backward(gpu, { x, slope }, { y: dy });
  const { da, db } = reference.binaryBackward(
    'prelu',
    x.data,
    shape.a,
    slope.data,
    shape.b,
    dy.data,
  );
  expectClose('dx', gradients.x, da, { absolute: 3e-4, relative: 2e-5 });
  expectClose('dslope', gradients.slope, db, { absolute: 3e-4, relative: 2e-5 });
});
