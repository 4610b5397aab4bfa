import { logSoftmaxBackward, logSoftmaxForward } from '../../src/kernels/log_softmax';
import * as reference from '../../src/kernels/reference/log_softmax';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

// The result is a difference of numbers of its own size, and the sum is good to a few 1e-7; the backward
// sum of up to 600 gradients to 1e-5.
const tolerance = { absolute: 1e-5, relative: 1e-6 };

const none = undefined;
const last = (shape: readonly number[]) => shape[shape.length - 1];

const shapes: Record<string, number[]> = {
  'one number': [1, 1],
  'N = 1': [1, 7],
  'one class': [5, 1],
  'seven classes': [64, 7],
  'one more than a workgroup': [65, 3],
  'odd sizes': [2, 3, 5],
  'one axis': [9],
  'long rows': [3, 600],
  'many rows': [5003, 2],
};

testKernel(logSoftmaxForward, {
  cases: [
    ...Object.entries(shapes).map(([name, shape]) => ({
      name,
      inputs: { x: tensor(shape, 1, { scale: 4 }) },
      attributes: none,
    })),
    {
      name: 'ties and zeros',
      inputs: { x: tensor([3, 3], [0, 0, 0, 2, 2, 1, -1, -1, -1]) },
      attributes: none,
    },
    {
      name: 'far apart',
      inputs: { x: tensor([3, 2], [1e4, -1e4, -1e4, -2e4, 1e30, 0]) },
      attributes: none,
    },
    {
      name: 'large offset',
      inputs: { x: tensor([2, 3], [1000, 1001, 1002, -1000, -1001, -1002]) },
      attributes: none,
    },
  ],
  reference: ({ x }) => ({ y: reference.logSoftmaxForward(x.data, last(x.shape)) }),
  tolerance,
});

testKernel(logSoftmaxBackward, {
  cases: [
    ...Object.entries(shapes).map(([name, shape]) => ({
      name,
      inputs: {
        y: tensor(
          shape,
          reference.logSoftmaxForward(tensor(shape, 1, { scale: 4 }).data, last(shape)),
        ),
        dy: tensor(shape, 2),
      },
      attributes: none,
    })),
    {
      name: 'zero gradient',
      inputs: { y: tensor([1, 2], [-0.6931472, -0.6931472]), dy: tensor([1, 2], [0, 0]) },
      attributes: none,
    },
    {
      name: 'certain',
      inputs: { y: tensor([2, 2], [0, -2e4, -2e4, 0]), dy: tensor([2, 2], 3) },
      attributes: none,
    },
  ],
  reference: ({ y, dy }) => ({ dx: reference.logSoftmaxBackward(y.data, dy.data, last(y.shape)) }),
  tolerance,
});

testGradient('log_softmax', {
  cases: ['N = 1', 'odd sizes', 'one class'].map((name) => ({
    name,
    inputs: { x: tensor(shapes[name], 5) },
    attributes: none,
  })),
  forward: ({ x }) => reference.logSoftmaxForward(x.data, last(x.shape)),
  backward: ({ x }, dy) => {
    const y = reference.logSoftmaxForward(x.data, last(x.shape));
    return { x: reference.logSoftmaxBackward(y, dy, last(x.shape)) };
  },
});
