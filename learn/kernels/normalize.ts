import { normalizeBackward, normalizeForward } from '../../src/kernels/normalize';
import { normalize, normalizeGradient } from '../../src/kernels/reference/normalize';
import { dispatchOf, inWorkgroupsOf, numbers, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Shape = readonly [outer: number, features: number, inner: number];

const sizesOf = ([outer, features, inner]: Shape) => ({ outer, features, inner, epsilon: 1e-12 });

function forward(shape: Shape, times = 1): Dispatch {
  const count = shape.reduce((a, b) => a * b);
  const x = tensor(
    shape,
    numbers(count, 3).map((v) => v * times),
  );
  const expected = { ...normalize(x.data, sizesOf(shape)) };
  const name = `[${shape}] along the middle axis${times > 1 ? `, times ${times}` : ''}`;
  const made = dispatchOf(normalizeForward, name, { x }, { axis: 1 }, expected);
  return inWorkgroupsOf(4, expected.norm.length, made);
}

function backward(shape: Shape): Dispatch {
  const x = tensor(shape, 4);
  const made = normalize(x.data, sizesOf(shape));
  const y = tensor(shape, made.y);
  const norm = tensor([shape[0], shape[2]], made.norm);
  const dy = tensor(shape, 5);
  const dx = normalizeGradient(x.data, dy.data, sizesOf(shape));
  const name = `[${shape}] along the middle axis`;
  const inputs = { y, norm, dy };
  const dispatch = dispatchOf(normalizeBackward, name, inputs, { axis: 1 }, { dx });
  return inWorkgroupsOf(4, made.norm.length, dispatch);
}

const tolerance = { absolute: 1e-6, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'overflow',
      title: 'Squares that overflow',
      task: 'Someone left out the division by the largest number. The shown rows still pass.',
      shader: normalizeForward.shader,
      faults: [
        ['x[first + k * params.inner] / largest;', 'x[first + k * params.inner];'],
        ['largest * sqrt(sum)', 'sqrt(sum)'],
      ],
      fails: ['value'],
      tolerance,
      shown: forward([2, 3, 2]),
      hidden: [forward([1, 5, 3], 1e25), forward([5, 4, 1])],
      hints: [
        'The largest float is 3.4e38. What is the square of 1e25?',
        'Divide every x by the largest |x| first, and multiply the root by it in the end.',
      ],
    },
    {
      id: 'write',
      title: 'What lies along y',
      task: '`along` is the product of y and dy over the row, but only where the norm is greater than epsilon. Six lines.',
      shader: normalizeBackward.shader,
      faults: [
        [
          `  if (norm[row] > params.epsilon) {
    for (var k = 0u; k < params.features; k++) {
      let at = first + k * params.inner;
      along += y[at] * dy[at];
    }
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      tolerance,
      shown: backward([2, 3, 2]),
      hidden: [backward([1, 7, 3]), backward([9, 2, 1])],
      hints: ['Feature k of the row is at first + k * params.inner.'],
    },
  ],
};
export default lesson;
