import { bordered } from '../../src/kernels/kernel';
import { reluBackward, reluForward } from '../../src/kernels/relu';
import * as reference from '../../src/kernels/reference/relu';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

const exact = { absolute: 0, relative: 0 }; // a comparison and a copy: nothing is rounded

const shapes: Record<string, number[]> = {
  'one element': [1],
  'one workgroup': [64],
  'one more than a workgroup': [65],
  'odd sizes': [3, 5, 7],
  'N = 1': [1, 4, 6, 6],
  'many workgroups': [10007],
};

testKernel(reluForward, {
  cases: [
    ...Object.entries(shapes).map(([name, shape]) => ({
      name,
      inputs: { x: tensor(shape, 1) },
      attributes: undefined,
    })),
    { name: 'zeros', inputs: { x: tensor([5], [0, 0, 0, 0, 0]) }, attributes: undefined },
    {
      name: 'large and tiny values',
      inputs: { x: tensor([6], [1e30, -1e30, 1e-30, -1e-30, -0, 3]) },
      attributes: undefined,
    },
    { name: 'all negative', inputs: { x: tensor([4], [-1, -2, -3, -4]) }, attributes: undefined },
    {
      name: 'zero border',
      inputs: { x: tensor([2, 3, 5, 7], 2, { layout: bordered(7) }) },
      attributes: undefined,
    },
    {
      name: 'workgroups folded into two dimensions',
      inputs: { x: tensor([7 * 64 + 3], 3) },
      attributes: undefined,
      folded: true,
    },
  ],
  reference: ({ x }) => ({ y: reference.reluForward(x.data) }),
  tolerance: exact,
});

testKernel(reluBackward, {
  cases: [
    ...Object.entries(shapes).map(([name, shape]) => ({
      name,
      inputs: { y: tensor(shape, 1), dy: tensor(shape, 2) },
      attributes: undefined,
    })),
    {
      name: 'zero passes no gradient',
      inputs: { y: tensor([4], [0, -0, 1e-30, 1]), dy: tensor([4], [1, 2, 3, 4]) },
      attributes: undefined,
    },
    {
      name: 'large gradients',
      inputs: { y: tensor([3], [1, 2, 0]), dy: tensor([3], [1e30, -1e30, 1e30]) },
      attributes: undefined,
    },
    {
      name: 'zero border',
      inputs: {
        y: tensor([2, 3, 5, 7], 2, { layout: bordered(7) }),
        dy: tensor([2, 3, 5, 7], 3, { layout: bordered(7) }),
      },
      attributes: undefined,
    },
    {
      name: 'all dead',
      inputs: { y: tensor([3], [0, 0, 0]), dy: tensor([3], [1, 1, 1]) },
      attributes: undefined,
    },
  ],
  reference: ({ y, dy }) => ({ dx: reference.reluBackward(y.data, dy.data) }),
  tolerance: exact,
});

testGradient('relu', {
  cases: [{ name: 'away from the kink', inputs: { x: tensor([50], 5) }, attributes: undefined }],
  forward: ({ x }) => reference.reluForward(x.data),
  backward: ({ x }, dy) => ({ x: reference.reluBackward(reference.reluForward(x.data), dy) }),
});
