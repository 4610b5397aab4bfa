import fc from 'fast-check';
import { avgPool2d, globalAvgPool, globalMaxPool, lpPool2d, maxPool2d } from '../../src/eager';
import * as reference from '../../src/kernels/reference/pool2d';
import { windowOf, windowsIn } from '../../src/kernels/window';
import { array, expectClose, extent, property } from '../support/property';

const pairOf = (max: number, min = 1) => fc.tuple(extent(max, min), extent(max, min));

const pools = fc
  .record({
    planes: fc.tuple(extent(3), extent(3)),
    kernel: pairOf(4),
    stride: pairOf(3),
    dilation: pairOf(2),
    sides: fc.tuple(extent(2, 0), extent(2, 0), extent(2, 0), extent(2, 0)),
    extra: pairOf(6, 0),
    ceilMode: fc.boolean(),
    includePad: fc.boolean(),
    divisor: fc.constantFrom(0, 0, 3),
    seed: fc.nat(),
  })
  .map(({ kernel, dilation, sides, extra, planes, ...rest }) => {
    // At most half a window of zeros, so that every window has an element.
    const padding = sides.map((n, i) => Math.min(n, Math.floor(kernel[i % 2] / 2))) as [
      number,
      number,
      number,
      number,
    ];
    const image = [0, 1].map((i) => (kernel[i] - 1) * dilation[i] + 1 + extra[i]);
    return { ...rest, kernel, dilation, padding, xShape: [...planes, ...image] };
  });

function shapes(c: {
  xShape: number[];
  kernel: [number, number];
  stride: [number, number];
  dilation: [number, number];
  padding: [number, number, number, number];
  ceilMode: boolean;
}) {
  const image = c.xShape.slice(2);
  const window = windowOf('pool', c.kernel, image, c);
  return {
    window,
    shape: [...c.xShape.slice(0, 2), ...windowsIn('pool', image, window, c.ceilMode)],
  };
}

property('max_pool2d', pools, async (gpu, c) => {
  const { kernel, stride, dilation, padding, ceilMode, seed } = c;
  const x = array(c.xShape, seed, 3);
  x.data.forEach((v, i) => (x.data[i] = Math.round(v * 2))); // ties
  const pool = shapes(c);
  const attributes = { kernel, stride, dilation, padding, ceilMode };
  const expected = reference.maxPool2dForward(x.data, c.xShape, pool);
  const { y, indices } = await maxPool2d(gpu, { x }, attributes);
  expectClose('y', y, expected.y);
  expectClose('indices', indices, expected.indices);
  const dy = array(pool.shape, seed + 1);
  const { x: dx } = await maxPool2d.backward(gpu, { x }, { y: dy }, attributes);
  const wanted = reference.maxPool2dBackward(expected.indices, dy.data, c.xShape, pool.shape);
  expectClose('dx', dx, wanted, { absolute: 2e-6, relative: 0 });
});

property('avg_pool2d', pools, async (gpu, c) => {
  const { kernel, stride, dilation, padding, ceilMode, includePad, divisor, seed } = c;
  const x = array(c.xShape, seed);
  const pool = { ...shapes(c), includePad, divisor };
  const attributes = {
    ...{ kernel, stride, dilation, padding, ceilMode },
    countIncludePad: includePad,
    divisor: divisor || undefined,
  };
  const { y } = await avgPool2d(gpu, { x }, attributes);
  expectClose('y', y, reference.avgPool2dForward(x.data, c.xShape, pool), {
    absolute: 2e-6,
    relative: 1e-6,
  });
  const dy = array(pool.shape, seed + 1);
  const { x: dx } = await avgPool2d.backward(gpu, { x }, { y: dy }, attributes);
  expectClose('dx', dx, reference.avgPool2dBackward(dy.data, c.xShape, pool), {
    absolute: 2e-6,
    relative: 1e-6,
  });
});

property(
  'global pools',
  fc.tuple(extent(3), extent(4), extent(9), extent(9), fc.nat()),
  async (gpu, [N, C, H, W, seed]) => {
    const x = array([N, C, H, W], seed);
    const whole = { window: windowOf('pool', [H, W], [H, W], {}), shape: [N, C, 1, 1] };
    const mean = { ...whole, includePad: false, divisor: 0 };
    const dy = array([N, C, 1, 1], seed + 1);
    const tolerance = { absolute: 2e-6, relative: 1e-6 };
    expectClose(
      'mean',
      (await globalAvgPool(gpu, { x })).y,
      reference.avgPool2dForward(x.data, x.shape, mean),
      tolerance,
    );
    const { x: dx } = await globalAvgPool.backward(gpu, { x }, { y: dy });
    expectClose('dx', dx, reference.avgPool2dBackward(dy.data, x.shape, mean), tolerance);
    const { y } = await globalMaxPool(gpu, { x });
    expectClose('max', y, reference.maxPool2dForward(x.data, x.shape, whole).y);
  },
);

property('lp_pool2d', fc.tuple(pools, fc.constantFrom(1, 2, 3, 4)), async (gpu, [c, p]) => {
  const { kernel, stride, dilation, padding, ceilMode, seed } = c;
  const x = array(c.xShape, seed);
  if (seed % 4 === 0) x.data.fill(0);
  const pool = shapes(c);
  const attributes = { kernel, stride, dilation, padding, ceilMode, p };
  const tolerance = { absolute: 2e-5, relative: 2e-5 }; // powers by exp and log
  const { y } = await lpPool2d(gpu, { x }, attributes);
  expectClose('y', y, reference.lpPool2d(x.data, c.xShape, pool, p), tolerance);
  const dy = array(pool.shape, seed + 1);
  const { x: dx } = await lpPool2d.backward(gpu, { x }, { y: dy }, attributes);
  const wanted = reference.lpPool2dBackward(x.data, dy.data, c.xShape, pool, p);
  expectClose('dx', dx, wanted, tolerance);
});
