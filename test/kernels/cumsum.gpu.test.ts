import { cumsumForward } from '../../src/kernels/cumsum';
import { size } from '../../src/kernels/kernel';
import { cumsum } from '../../src/kernels/reference/cumsum';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

const shapes: [string, number[], number?][] = [
  ['one number', [1]],
  ['one axis', [9]],
  ['along the last axis', [3, 5]],
  ['along the first', [4, 6], 0],
  ['in the middle', [2, 7, 3], 1],
  ['counted from the end', [2, 3, 4], -2],
  ['one element long', [5, 1, 2], 1],
  ['more rows than threads', [130, 2]],
  ['long', [2, 1000]],
  ['no rows', [0, 3]],
];

const along = (shape: readonly number[], axis = -1) => {
  const at = axis < 0 ? axis + shape.length : axis;
  return { extent: shape[at], inner: size(shape.slice(at + 1)) };
};

testKernel(cumsumForward, {
  cases: shapes.flatMap(([name, shape, axis], i) =>
    [false, true].map((reverse) => ({
      name: reverse ? `${name}, from the other end` : name,
      inputs: { x: tensor(shape, i + 1) },
      attributes: { axis, reverse },
    })),
  ),
  reference: ({ x }, { axis, reverse }) => ({
    y: cumsum(x.data, { ...along(x.shape, axis), reverse }),
  }),
  // Up to 1000 terms of at most 1, each rounded at a sum of at most some tens.
  tolerance: { absolute: 2e-4, relative: 0 },
});

testGradient('cumsum', {
  cases: shapes.slice(0, 6).map(([name, shape, axis], i) => ({
    name,
    inputs: { x: tensor(shape, i + 1) },
    attributes: { axis },
  })),
  forward: ({ x }, { axis }) => cumsum(x.data, along(x.shape, axis)),
  backward: ({ x }, dy, { axis }) => ({
    x: cumsum(dy, { ...along(x.shape, axis), reverse: true }),
  }),
});
