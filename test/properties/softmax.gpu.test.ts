import fc from 'fast-check';
import { logSoftmax, softmax } from '../../src/eager';
import { size } from '../../src/kernels/kernel';
import * as copies from '../../src/kernels/reference/copy';
import * as logs from '../../src/kernels/reference/log_softmax';
import * as plain from '../../src/kernels/reference/softmax';
import { array, expectClose, extent, property } from '../support/property';

const cases = fc.tuple(
  fc.array(extent(6), { minLength: 1, maxLength: 5 }),
  fc.nat(),
  fc.boolean(),
  fc.nat(),
);

/** The axis last, where the references want it. */
function moved(shape: number[], axis: number) {
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  return copies.transpose(shape, [...others, axis]);
}

property('softmax', cases, async (gpu, [shape, n, negative, seed]) => {
  const axis = n % shape.length;
  const [x, dy] = [array(shape, seed, 4), array(shape, seed + 1)];
  const attributes = { axis: negative ? axis - shape.length : axis };
  const order = moved(shape, axis);
  const y = plain.softmaxForward(copies.forward(x.data, order), shape[axis]);
  const actual = await softmax(gpu, { x }, attributes);
  expectClose('y', actual.y, copies.backward(y, order, size(shape)), {
    absolute: 2e-6,
    relative: 0,
  });
  const gradients = await softmax.backward(gpu, { x }, { y: dy }, attributes);
  const dx = plain.softmaxBackward(y, copies.forward(dy.data, order), shape[axis]);
  expectClose('dx', gradients.x, copies.backward(dx, order, size(shape)), {
    absolute: 2e-6,
    relative: 0,
  });
});

property('log_softmax', cases, async (gpu, [shape, n, negative, seed]) => {
  const axis = n % shape.length;
  const [x, dy] = [array(shape, seed, 4), array(shape, seed + 1)];
  const attributes = { axis: negative ? axis - shape.length : axis };
  const order = moved(shape, axis);
  const y = logs.logSoftmaxForward(copies.forward(x.data, order), shape[axis]);
  const actual = await logSoftmax(gpu, { x }, attributes);
  expectClose('y', actual.y, copies.backward(y, order, size(shape)), {
    absolute: 4e-6,
    relative: 1e-6,
  });
  const gradients = await logSoftmax.backward(gpu, { x }, { y: dy }, attributes);
  const dx = logs.logSoftmaxBackward(y, copies.forward(dy.data, order), shape[axis]);
  expectClose('dx', gradients.x, copies.backward(dx, order, size(shape)), {
    absolute: 6e-6,
    relative: 0,
  });
});
