import { denseBackward, denseForward } from '../../src/kernels/dense';
import {
  denseBackward as backwardReference,
  denseForward as reference,
  sideBySide as beside,
} from '../../src/kernels/reference/dense';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Sizes = readonly [G: number, N: number, K: number, M: number];

const name = ([G, N, K, M]: Sizes) => `${G} of [${N}, ${K}] times [${K}, ${M}]`;

function forward(sizes: Sizes, { sideBySide = false, relu = false } = {}): Dispatch {
  const [G, N, K, M] = sizes;
  const [x, weight, bias] = [tensor([G, N, K], 1), tensor([G, M, K], 2), tensor([G, M], 3)];
  const sums = reference(x.data, weight.data, bias.data, { G, N, K, M }, relu);
  const y = sideBySide ? beside(sums, [G, N, M]) : sums;
  const inputs = { x, weight, bias, second_bias: bias, step: tensor([2], [1, 1], 'u32') };
  const called = `${name(sizes)}${sideBySide ? ', side by side' : ''}${relu ? ', ReLU' : ''}`;
  const made = dispatchOf(denseForward, called, inputs, { sideBySide, relu }, { y });
  const threads = Math.ceil(N / 4) * Math.ceil(M / 4);
  return {
    ...made,
    overrides: { ...made.overrides, WORKGROUP_SIZE: 4 },
    groups: [Math.ceil(threads / 4), 1, G],
  };
}

function backward(sizes: Sizes, ofBias = false): Dispatch {
  const [G, N, K, M] = sizes;
  const [x, weight, dy] = [tensor([G, N, K], 4), tensor([G, M, K], 5), tensor([G, N, M], 6)];
  const { dbias, ...rest } = backwardReference(x.data, weight.data, dy.data, { G, N, K, M });
  const wanted = { input: !ofBias, weight: !ofBias, bias: true };
  const expected: Record<string, Float64Array> = ofBias ? { dbias } : { dbias, ...rest };
  const called = `${name(sizes)}${ofBias ? ', dbias alone' : ''}`;
  const made = dispatchOf(denseBackward, called, { x, weight, dy }, wanted, expected);
  if (!ofBias) return made;
  return { ...made, overrides: { WORKGROUP_SIZE: 4 }, groups: [Math.ceil(M / 4), 1, G] };
}

const tolerance = { absolute: 1e-4, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'beside',
      title: 'Side by side',
      task: 'With SIDE_BY_SIDE the features of both networks stand together, sample after sample. Here they do not.',
      shader: denseForward.shader,
      faults: [
        [
          'y[(n * params.groups + g) * params.out_features + m + j] = sum;',
          'y[(g * params.rows + n) * params.out_features + m + j] = sum;',
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: forward([2, 3, 2, 2], { sideBySide: true }),
      hidden: [
        forward([1, 5, 4, 6], { relu: true }),
        forward([2, 4, 3, 5], { sideBySide: true, relu: true }),
        forward([3, 9, 2, 1]),
      ],
      hints: ['y is [N, G, M] then: the sample comes first, then the network.'],
    },
    {
      id: 'bias',
      title: 'The gradient of the bias',
      task: 'dbias is the sum of dy over all rows n of its network. Five lines.',
      shader: denseBackward.shader,
      faults: [
        [
          `  var sum = 0.0;
  for (var n = 0u; n < params.rows; n++) {
    sum += dy[(g * params.rows + n) * params.out_features + m];
  }
  dbias[g * params.out_features + m] = sum;
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      tolerance,
      shown: backward([2, 3, 1, 5], true),
      hidden: [backward([1, 9, 2, 3]), backward([2, 5, 9, 4]), backward([3, 1, 1, 1], true)],
      hints: ['dy is [G, N, M]: element (g, n, m) is at (g * rows + n) * out_features + m.'],
    },
  ],
};
export default lesson;
