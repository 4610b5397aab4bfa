import fc from 'fast-check';
import { convTranspose2d, conv2d } from '../../src/eager';
import * as reference from '../../src/kernels/reference/conv2d';
import { windowOf, windowsIn } from '../../src/kernels/window';
import { array, expectClose, extent, property } from '../support/property';

// Sums of at most 2 * 6 * 36 products of numbers up to 1.
const tolerance = { absolute: 2e-5, relative: 1e-5 };

const pairOf = (max: number, min = 1) => fc.tuple(extent(max, min), extent(max, min));

const convolutions = fc
  .record({
    batch: extent(3),
    groups: extent(3),
    perGroup: extent(3),
    outPerGroup: extent(3),
    kernel: pairOf(5),
    stride: pairOf(3),
    dilation: pairOf(2),
    padding: fc.tuple(extent(3, 0), extent(3, 0), extent(3, 0), extent(3, 0)),
    extra: pairOf(7, 0),
    bias: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ kernel, dilation, padding, extra, ...rest }) => {
    // An image in which at least one window fits.
    const least = (axis: 0 | 1) =>
      (kernel[axis] - 1) * dilation[axis] + 1 - padding[axis] - padding[axis + 2] + extra[axis];
    return {
      ...rest,
      kernel,
      dilation,
      padding,
      image: [Math.max(1, least(0)), Math.max(1, least(1))],
    };
  });

property('conv2d', convolutions, async (gpu, c) => {
  const { groups, kernel, stride, dilation, padding, seed } = c;
  const x = array([c.batch, groups * c.perGroup, ...c.image], seed);
  const weight = array([groups * c.outPerGroup, c.perGroup, ...kernel], seed + 1);
  const bias = c.bias ? array([groups * c.outPerGroup], seed + 2) : undefined;
  const window = windowOf('conv2d', kernel, c.image, { stride, dilation, padding });
  const shape = [c.batch, groups * c.outPerGroup, ...windowsIn('conv2d', c.image, window)];
  const dy = array(shape, seed + 3);
  const attributes = { stride, dilation, padding, groups };
  const conv = { window, groups };

  const { y } = await conv2d(gpu, { x, weight, bias }, attributes);
  expectClose(
    'y',
    y,
    reference.conv2dForward(x.data, x.shape, weight.data, bias?.data, shape, conv),
    tolerance,
  );
  const gradients = await conv2d.backward(gpu, { x, weight, bias }, { y: dy }, attributes);
  expectClose(
    'dx',
    gradients.x,
    reference.conv2dBackwardInput(dy.data, shape, weight.data, undefined, x.shape, conv),
    tolerance,
  );
  expectClose(
    'dweight',
    gradients.weight,
    reference.conv2dBackwardWeight(x.data, x.shape, dy.data, shape, conv),
    tolerance,
  );
  if (bias)
    expectClose('dbias', gradients.bias, reference.conv2dBackwardBias(dy.data, shape), tolerance);
});

property('conv_transpose2d', fc.tuple(convolutions, pairOf(2, 0)), async (gpu, [c, output]) => {
  const { groups, kernel, stride, dilation, padding, seed } = c;
  const outputPadding = [0, 1].map((i) => Math.min(output[i], stride[i] - 1)) as [number, number];
  const x = array([c.batch, groups * c.perGroup, ...c.image], seed);
  const weight = array([groups * c.perGroup, c.outPerGroup, ...kernel], seed + 1);
  const bias = c.bias ? array([groups * c.outPerGroup], seed + 2) : undefined;
  const window = windowOf('conv', kernel, c.image, { stride, dilation, padding });
  const image = [0, 1].map(
    (i) =>
      (c.image[i] - 1) * stride[i] +
      (kernel[i] - 1) * dilation[i] +
      1 -
      padding[i] -
      padding[i + 2] +
      outputPadding[i],
  );
  fc.pre(image.every((n) => n > 0));
  const shape = [c.batch, groups * c.outPerGroup, ...image];
  const dy = array(shape, seed + 3);
  const attributes = { stride, dilation, padding, groups, outputPadding };
  const conv = { window, groups };

  const { y } = await convTranspose2d(gpu, { x, weight, bias }, attributes);
  expectClose(
    'y',
    y,
    reference.conv2dBackwardInput(x.data, x.shape, weight.data, bias?.data, shape, conv),
    tolerance,
  );
  const gradients = await convTranspose2d.backward(gpu, { x, weight, bias }, { y: dy }, attributes);
  expectClose(
    'dx',
    gradients.x,
    reference.conv2dForward(dy.data, shape, weight.data, undefined, x.shape, conv),
    tolerance,
  );
  expectClose(
    'dweight',
    gradients.weight,
    reference.conv2dBackwardWeight(dy.data, shape, x.data, x.shape, conv),
    tolerance,
  );
  if (bias)
    expectClose('dbias', gradients.bias, reference.conv2dBackwardBias(dy.data, shape), tolerance);
});
