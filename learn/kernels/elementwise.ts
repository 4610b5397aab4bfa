import { binaryForward, broadcastShape, type Binary } from '../../src/kernels/elementwise';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch, type Filled } from '../dispatch';
import type { Lesson } from '../exercise';

/** Which element of a tensor meets element `i` of the shape that it is repeated to. */
function repeated({ shape }: Filled, target: readonly number[], i: number): number {
  const indices = [...target].reverse().map((extent) => {
    const index = i % extent;
    i = Math.floor(i / extent);
    return index;
  });
  const own = [...shape].reverse();
  let [at, stride] = [0, 1];
  own.forEach((extent, axis) => {
    at += (extent === 1 ? 0 : indices[axis]) * stride;
    stride *= extent;
  });
  return at;
}

const FUNCTIONS = {
  sub: (a: number, b: number) => a - b,
  pow: Math.pow,
} satisfies Partial<Record<Binary, (a: number, b: number) => number>>;

function binary(operation: keyof typeof FUNCTIONS, a: Filled, b: Filled): Dispatch {
  const shape = broadcastShape(operation, a.shape, b.shape);
  const count = shape.reduce((x, y) => x * y, 1);
  const y = Array.from({ length: count }, (_, i) =>
    FUNCTIONS[operation](a.data[repeated(a, shape, i)], b.data[repeated(b, shape, i)]),
  );
  const name = `[${a.shape}] ${operation} [${b.shape}]`;
  const made = dispatchOf(binaryForward, name, { a, b }, { operation }, { y });
  return inWorkgroupsOf(4, count, made);
}

const powers = (bases: number[], exponents: number[]) =>
  binary('pow', tensor([bases.length], bases), tensor([exponents.length], exponents));

const lesson: Lesson = {
  exercises: [
    {
      id: 'stride',
      title: 'Find the fault: broadcasting',
      task: 'Where a and b are repeated alike it is right. Here b is one column, repeated for all.',
      shader: binaryForward.shader,
      faults: [['d * params.b_stride3', 'd * params.a_stride3']],
      fails: ['bounds', 'value'],
      shown: binary('sub', tensor([3, 4], 1), tensor([3, 1], 2)),
      hidden: [
        binary('sub', tensor([2, 1, 3], 3), tensor([5, 1], 4)),
        binary('sub', tensor([1], 5), tensor([2, 3, 2, 2], 6)),
      ],
      hints: ['An axis that is repeated has stride 0. a and b have strides of their own.'],
    },
    {
      id: 'write',
      title: 'The power of a negative number',
      task: 'WGSL leaves pow of a negative base open, so `size` is the power of its magnitude. By an even whole number the power is positive, by an odd one negative. Seven lines.',
      shader: binaryForward.shader,
      faults: [
        [
          `  let half = exponent * 0.5;
  if (base >= 0.0 || floor(half) == half) {
    return size;
  }
  if (floor(exponent) == exponent) {
    return -size;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      tolerance: { absolute: 1e-5, relative: 1e-4 },
      shown: powers([2, -2, -2, 0.5, -3], [3, 3, 4, 4, 5]),
      hidden: [
        powers([-2, -0.5, 4, 9], [0.5, -3, 0.5, -0.5]),
        powers([-1], [0, 1, 2, 3, -1]),
        powers([3, -3, 0], [2.5, -2, 3]),
      ],
      hints: [
        'A number is whole where floor(number) == number, and even where half of it is whole.',
        'The last line, `return nan();`, stays for what is left.',
      ],
    },
  ],
};
export default lesson;
