import fc from 'fast-check';
import * as eager from '../../src/eager';
import type { Gpu } from '../../src/gpu/device';
import { size } from '../../src/kernels/kernel';
import * as copies from '../../src/kernels/reference/copy';
import * as reference from '../../src/kernels/reference/reduce';
import { array, expectClose, extent, property } from '../support/property';

const tolerance = { absolute: 2e-5, relative: 2e-5 };

/** A shape, some of its axes, and whether they stay. */
const cases = fc
  .tuple(
    fc.array(extent(6), { minLength: 1, maxLength: 5 }),
    fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
    fc.boolean(),
    fc.boolean(),
    fc.nat(),
  )
  .map(([shape, chosen, negative, keepDims, seed]) => {
    const axes = shape.map((_, i) => i).filter((i) => chosen[i]);
    return {
      shape,
      axes,
      given: negative ? axes.map((i) => i - shape.length) : axes,
      keepDims,
      seed,
    };
  });

/** Reduced axes last: x in another order, and how it is grouped then. */
function grouped(shape: number[], axes: number[]) {
  const kept = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = copies.transpose(shape, [...kept, ...axes]);
  const outer = size(kept.map((i) => shape[i]));
  return { order, kept, extents: { outer, terms: size(shape) / outer, inner: 1 } };
}

type Array = ReturnType<typeof array>;
type Call = {
  (
    gpu: Gpu,
    inputs: { x: Array },
    attributes: object,
  ): Promise<{ y: { shape: readonly number[]; data: ArrayLike<number> } }>;
  backward(
    gpu: Gpu,
    inputs: { x: Array },
    dy: { y: Array },
    attributes: object,
  ): Promise<{ x?: { data: ArrayLike<number> } }>;
};

const REDUCTIONS: [string, unknown, reference.Reduction][] = [
  ['sum', eager.sum, 'sum'],
  ['mean', eager.mean, 'mean'],
  ['prod', eager.prod, 'product'],
  ['l1_norm', eager.l1Norm, 'l1'],
  ['l2_norm', eager.l2Norm, 'l2'],
  ['sum_square', eager.sumSquare, 'sum_square'],
];

const expectShape = (
  actual: readonly number[],
  c: { shape: number[]; axes: number[]; keepDims: boolean },
) => {
  const left = c.shape.flatMap((n, i) => (c.axes.includes(i) ? (c.keepDims ? [1] : []) : [n]));
  if (JSON.stringify(actual) !== JSON.stringify(left))
    throw new Error(`shape [${actual}], not [${left}]`);
};

for (const [name, operation, kind] of REDUCTIONS) {
  property(name, cases, async (gpu, c) => {
    const call = operation as Call;
    const x = array(c.shape, c.seed, kind === 'product' ? 1.5 : 1);
    const attributes = { axes: c.given, keepDims: c.keepDims };
    const { order, extents } = grouped(c.shape, c.axes);
    const moved = copies.forward(x.data, order);
    const { y } = await call(gpu, { x }, attributes);
    expectShape(y.shape, c);
    expectClose('y', y, reference.reduceForward(moved, extents, kind), tolerance);
    const dy = { ...array([y.data.length], c.seed + 1), shape: [...y.shape] };
    const gradients = await call.backward(gpu, { x }, { y: dy }, attributes);
    const dx = reference.reduceBackward(moved, dy.data, extents, kind);
    expectClose('dx', gradients.x, copies.backward(dx, order, x.data.length), tolerance);
  });
}

for (const exponential of [false, true]) {
  property(exponential ? 'log_sum_exp' : 'log_sum', cases, async (gpu, c) => {
    const call = (exponential ? eager.logSumExp : eager.logSum) as unknown as Call;
    const x = array(c.shape, c.seed, exponential ? 30 : 1);
    if (!exponential) x.data.forEach((v, i) => (x.data[i] = Math.abs(v) + 0.5));
    const attributes = { axes: c.given, keepDims: c.keepDims };
    const { order, extents } = grouped(c.shape, c.axes);
    const moved = copies.forward(x.data, order);
    const { y } = await call(gpu, { x }, attributes);
    expectShape(y.shape, c);
    expectClose('y', y, reference.logarithm(moved, extents, exponential), tolerance);
    const dy = { ...array([y.data.length], c.seed + 1), shape: [...y.shape] };
    const gradients = await call.backward(gpu, { x }, { y: dy }, attributes);
    const dx = reference.logarithmGradient(moved, dy.data, extents, exponential);
    expectClose('dx', gradients.x, copies.backward(dx, order, x.data.length), tolerance);
  });
}

for (const smallest of [false, true]) {
  property(smallest ? 'min' : 'max', cases, async (gpu, c) => {
    const call = (smallest ? eager.min : eager.max) as unknown as Call;
    const x = array(c.shape, c.seed, 3);
    if (c.seed % 2 === 0) x.data.forEach((v, i) => (x.data[i] = Math.round(v))); // ties
    const attributes = { axes: c.given, keepDims: c.keepDims };
    const { order, extents } = grouped(c.shape, c.axes);
    const moved = copies.forward(x.data, order);
    const expected = reference.reduceExtreme(moved, extents, { smallest });
    const { y } = await call(gpu, { x }, attributes);
    expectShape(y.shape, c);
    expectClose('y', y, expected.y);
    const dy = { ...array([y.data.length], c.seed + 1), shape: [...y.shape] };
    const gradients = await call.backward(gpu, { x }, { y: dy }, attributes);
    const dx = reference.extremeGradient(moved, dy.data, extents, { smallest });
    expectClose('dx', gradients.x, copies.backward(dx, order, x.data.length), tolerance);
  });

  property(
    smallest ? 'argmin' : 'argmax',
    fc.tuple(cases, fc.nat(), fc.boolean()),
    async (gpu, [c, n, last]) => {
      const axis = n % c.shape.length;
      const call = smallest ? eager.argmin : eager.argmax;
      const x = array(c.shape, c.seed, 3);
      x.data.forEach((v, i) => (x.data[i] = Math.round(v))); // ties
      const { order, extents } = grouped(c.shape, [axis]);
      const { y } = await call(
        gpu,
        { x },
        { axis: axis - c.shape.length, keepDims: c.keepDims, last },
      );
      expectShape(y.shape, { ...c, axes: [axis] });
      const { indices } = reference.reduceExtreme(copies.forward(x.data, order), extents, {
        smallest,
        last,
      });
      expectClose('y', y, indices);
    },
  );
}
