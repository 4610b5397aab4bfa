import { accumulate, add } from '../../src/kernels/add';
import { bordered } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/add';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

const oneRounding = { absolute: 0, relative: 6e-8 }; // half a unit in the last place

const shapes: Record<string, number[]> = {
  'one element': [1],
  'one workgroup': [64],
  'one more than a workgroup': [65],
  'odd sizes': [3, 5, 7],
  'N = 1': [1, 4, 6, 6],
  'many workgroups': [10007],
};

const pairs = [
  ...Object.entries(shapes).map(([name, shape]) => ({
    name,
    a: tensor(shape, 1),
    b: tensor(shape, 2),
  })),
  { name: 'zeros', a: tensor([4], [0, -0, 0, 1]), b: tensor([4], [0, 0, -1, 0]) },
  { name: 'they cancel', a: tensor([2], [1.5, -3e30]), b: tensor([2], [-1.5, 3e30]) },
  { name: 'far apart in size', a: tensor([2], [1e30, 1]), b: tensor([2], [1, 1e-30]) },
  {
    name: 'zero border',
    a: tensor([2, 3, 5, 7], 3, { layout: bordered(7) }),
    b: tensor([2, 3, 5, 7], 4, { layout: bordered(7) }),
  },
  {
    name: 'workgroups folded into two dimensions',
    a: tensor([7 * 64 + 3], 5),
    b: tensor([7 * 64 + 3], 6),
    folded: true,
  },
];

testKernel(add, {
  cases: pairs.map(({ a, b, ...rest }) => ({ ...rest, inputs: { a, b }, attributes: undefined })),
  reference: ({ a, b }) => ({ y: reference.add(a.data, b.data) }),
  tolerance: oneRounding,
});

testKernel(accumulate, {
  cases: pairs.map(({ a, b, ...rest }) => ({
    ...rest,
    inputs: { x: a, y: b },
    attributes: undefined,
  })),
  reference: ({ x, y }) => ({ y: reference.add(x.data, y.data) }),
  tolerance: oneRounding,
});

testGradient('add', {
  cases: ['one element', 'odd sizes', 'N = 1'].map((name) => ({
    name,
    inputs: { a: tensor(shapes[name], 7), b: tensor(shapes[name], 8) },
    attributes: undefined,
  })),
  forward: ({ a, b }) => reference.add(a.data, b.data),
  backward: (_inputs, dy) => ({ a: dy, b: dy }),
});
