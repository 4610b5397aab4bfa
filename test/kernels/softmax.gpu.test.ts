import { softmaxBackward, softmaxForward } from '../../src/kernels/softmax';
import * as reference from '../../src/kernels/reference/softmax';
import { testGradient } from '../support/gradient';
import { tensor, testKernel } from '../support/kernel';

// exp of a difference rounded at |x| of a few: some 1e-7 of a result of at most 1.
const tolerance = { absolute: 2e-6, relative: 0 };

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

testKernel(softmaxForward, {
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
  reference: ({ x }) => ({ y: reference.softmaxForward(x.data, last(x.shape)) }),
  tolerance,
});

testKernel(softmaxBackward, {
  cases: [
    ...Object.entries(shapes).map(([name, shape]) => ({
      name,
      inputs: {
        y: tensor(
          shape,
          reference.softmaxForward(tensor(shape, 1, { scale: 4 }).data, last(shape)),
        ),
        dy: tensor(shape, 2),
      },
      attributes: none,
    })),
    {
      name: 'zero gradient',
      inputs: { y: tensor([1, 2], [0.5, 0.5]), dy: tensor([1, 2], [0, 0]) },
      attributes: none,
    },
    {
      name: 'certain',
      inputs: { y: tensor([2, 2], [1, 0, 0, 1]), dy: tensor([2, 2], 3) },
      attributes: none,
    },
  ],
  reference: ({ y, dy }) => ({ dx: reference.softmaxBackward(y.data, dy.data, last(y.shape)) }),
  tolerance,
});

testGradient('softmax', {
  cases: ['N = 1', 'odd sizes', 'one class'].map((name) => ({
    name,
    inputs: { x: tensor(shapes[name], 5) },
    attributes: none,
  })),
  forward: ({ x }) => reference.softmaxForward(x.data, last(x.shape)),
  backward: ({ x }, dy) => {
    const y = reference.softmaxForward(x.data, last(x.shape));
    return { x: reference.softmaxBackward(y, dy, last(x.shape)) };
  },
});
