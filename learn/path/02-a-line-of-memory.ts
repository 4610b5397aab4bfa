import { bordered, f32 } from '../../src/kernels/kernel';
import { copyLayout, copyStrided } from '../../src/kernels/copy';
import { expand, forward, transpose } from '../../src/kernels/reference/copy';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

export function transposed(shape: number[], axes: number[]): Dispatch {
  const x = tensor(shape, 3);
  const strides = shape.map((_, axis) => count(shape.slice(axis + 1)));
  const attributes = {
    shape: axes.map((axis) => shape[axis]),
    strides: axes.map((axis) => strides[axis]),
  };
  const y = forward(x.data, transpose(shape, axes));
  const name = `[${shape}] with axes ${axes}`;
  return inWorkgroupsOf(4, count(shape), dispatchOf(copyStrided, name, { x }, attributes, { y }));
}

function repeated(shape: number[], target: number[]): Dispatch {
  const x = tensor(shape, 5);
  const strides = shape.map((n, axis) => (n === 1 ? 0 : count(shape.slice(axis + 1))));
  const y = forward(x.data, expand(shape, target));
  const name = `[${shape}] repeated to [${target}]`;
  const attributes = { shape: target, strides };
  return inWorkgroupsOf(4, count(target), dispatchOf(copyStrided, name, { x }, attributes, { y }));
}

export function withBorder(shape: number[], border = 1): Dispatch {
  const x = tensor(shape, 7);
  const layout = bordered(shape[shape.length - 1], border);
  const y = f32(shape, layout);
  const planes = count(shape.slice(0, -2));
  const words = planes * (shape[shape.length - 2] + 2 * border) * layout.rowStride;
  const made = dispatchOf(
    copyLayout,
    `[${shape}], border ${border}`,
    { x },
    { layout },
    { y: x.data },
  );
  return inWorkgroupsOf(8, words, { ...made, tensors: { ...made.tensors, y } });
}

const lesson: Lesson = {
  exercises: [
    {
      id: 'stride',
      title: 'The wrong stride',
      shader: copyStrided.shader,
      faults: [
        ['rest % params.extent3 * params.stride3', 'rest % params.extent3 * params.stride2'],
      ],
      fails: ['value'],
      shown: transposed([2, 3], [1, 0]),
      hidden: [transposed([2, 3, 4], [2, 0, 1]), transposed([3, 2, 2, 3], [0, 3, 1, 2])],
      hints: [
        'Which stride belongs to which extent? Compare the lines with one another.',
        'The index along axis 3 goes with stride3.',
      ],
    },
    {
      id: 'axes',
      title: 'Take the index apart',
      shader: copyStrided.shader,
      faults: [
        [
          `  rest /= params.extent4;
  source += rest % params.extent3 * params.stride3;
  rest /= params.extent3;
  source += rest % params.extent2 * params.stride2;
  rest /= params.extent2;
  source += rest % params.extent1 * params.stride1;
  rest /= params.extent1;
  source += rest * params.stride0;
`,
          '  // Yours: the four other axes, from the right to the left.\n',
        ],
      ],
      fails: ['value'],
      shown: repeated([3, 1], [3, 4]),
      hidden: [
        repeated([1, 4], [3, 4]),
        repeated([2, 1, 3], [2, 5, 3]),
        transposed([3, 2, 2, 3], [0, 3, 1, 2]),
        transposed([2, 3, 2, 3, 2], [4, 0, 2, 1, 3]),
      ],
      hints: [
        '`rest % extent` is the index along an axis; `rest / extent` is what is left for the axes before it.',
        'The two lines for axis 3: rest /= params.extent4; source += rest % params.extent3 * params.stride3;',
        'Axis 0 is what is left in the end: it needs no remainder, only its stride.',
      ],
    },
    {
      id: 'border',
      title: 'The border',
      shader: copyLayout.shader,
      faults: [['    y[at] = 0u;\n    return;', '    return;']],
      fails: ['unwritten'],
      shown: withBorder([2, 4]),
      hidden: [withBorder([2, 3, 3], 2), withBorder([1, 1], 1)],
      hints: [
        'Nobody has cleared y before. What should stand in its border?',
        'y holds the bits of any type, as u32: y[at] = 0u; before the `return`.',
      ],
    },
  ],
};
export default lesson;
