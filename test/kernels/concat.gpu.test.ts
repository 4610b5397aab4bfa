import { concatBackward, concatForward } from '../../src/kernels/concat';
import * as reference from '../../src/kernels/reference/concat';
import { tensor, testGradient, testKernel } from '../support/kernel';

const exact = { absolute: 0, relative: 0 }; // copies

const shapes: Record<string, number[]> = {
  'one number': [1, 1, 1],
  'one stream is a copy': [1, 3, 5],
  'N = 1': [2, 1, 4],
  'one feature': [2, 7, 1],
  'odd sizes': [2, 3, 5],
  'three streams': [3, 4, 6],
  'one workgroup': [2, 4, 8],
  'one more than a workgroup': [5, 1, 13],
  'many workgroups': [2, 33, 65],
  'more streams than samples': [9, 2, 3],
};

testKernel(concatForward, {
  cases: Object.entries(shapes).map(([name, shape]) => ({
    name,
    inputs: { x: tensor(shape, 1) },
    attributes: undefined,
  })),
  reference: ({ x }) => ({ y: reference.concatForward(x.data, x.shape) }),
  tolerance: exact,
});

testKernel(concatBackward, {
  cases: Object.entries(shapes).map(([name, [G, N, F]]) => ({
    name,
    inputs: { dy: tensor([N, G * F], 1) },
    attributes: { groups: G },
  })),
  reference: ({ dy }, { groups }) => {
    const [N, features] = dy.shape;
    return { dx: reference.concatBackward(dy.data, [groups, N, features / groups]) };
  },
  tolerance: exact,
});

testGradient('concat', {
  cases: ['one number', 'odd sizes', 'three streams'].map((name) => ({
    name,
    inputs: { x: tensor(shapes[name], 3) },
    attributes: undefined,
  })),
  forward: ({ x }) => reference.concatForward(x.data, x.shape),
  backward: ({ x }, dy) => ({ x: reference.concatBackward(dy, x.shape) }),
});
