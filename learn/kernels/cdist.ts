import { cdistBackward, cdistForward, type CdistAttributes } from '../../src/kernels/cdist';
import { cdist, cdistGradient } from '../../src/kernels/reference/cdist';
import { dispatchOf, inWorkgroupsOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

type Sizes = readonly [batch: number, rows: number, columns: number, features: number];

const name = ([batch, rows, columns, features]: Sizes, { squared, epsilon }: CdistAttributes) =>
  `${batch} of ${rows} and ${columns} rows of ${features}${squared ? ', squared' : ''}${epsilon ? `, epsilon ${epsilon}` : ''}`;

function given(sizes: Sizes, { squared = false, epsilon = 0 }: CdistAttributes) {
  const [batch, rows, columns, features] = sizes;
  const a = tensor([batch, rows, features], 1);
  const b = tensor([batch, columns, features], 2);
  return { a, b, sizes: { batch, rows, columns, features, squared, epsilon } };
}

function distances(sizes: Sizes, attributes: CdistAttributes = {}): Dispatch {
  const { a, b, sizes: s } = given(sizes, attributes);
  const y = cdist(a.data, b.data, s);
  const made = dispatchOf(cdistForward, name(sizes, attributes), { a, b }, attributes, { y });
  return inWorkgroupsOf(4, y.length, made);
}

/** The gradient of a, whose first row is also a row of b: their distance is 0. */
function gradient(sizes: Sizes, of: 'a' | 'b', attributes: CdistAttributes = {}): Dispatch {
  const { a, b: other, sizes: s } = given(sizes, attributes);
  const b = tensor(
    other.shape,
    Array.from(other.data, (v, i) => (i < s.features ? a.data[i] : v)),
  );
  const y = tensor([s.batch, s.rows, s.columns], cdist(a.data, b.data, s));
  const dy = tensor(y.shape, 3);
  const dx = cdistGradient(a.data, b.data, dy.data, s)[of];
  const called = `${name(sizes, attributes)}, by ${of}`;
  const made = dispatchOf(cdistBackward, called, { a, b, y, dy }, { ...attributes, of }, { dx });
  return inWorkgroupsOf(4, dx.length, made);
}

const tolerance = { absolute: 1e-5, relative: 1e-5 };

const lesson: Lesson = {
  exercises: [
    {
      id: 'write',
      title: 'Write the distance',
      task: 'Sum the squares of the differences, then take the root, but not with SQUARED: six lines.',
      shader: cdistForward.shader,
      faults: [
        [
          `  var sum = 0.0;
  for (var k = 0u; k < params.features; k++) {
    let difference = a[row_a + k] - b[row_b + k] + params.epsilon;
    sum += difference * difference;
  }
  y[i] = select(sqrt(sum), sum, SQUARED == 1u);
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['unwritten'],
      tolerance,
      shown: distances([1, 3, 4, 2]),
      hidden: [
        distances([2, 3, 5, 3]),
        distances([3, 1, 1, 7], { squared: true }),
        distances([1, 9, 8, 4], { epsilon: 0.5 }),
      ],
      hints: [
        'The rows begin at row_a and row_b, and have params.features numbers.',
        'params.epsilon belongs into every difference, before it is squared.',
      ],
    },
    {
      id: 'zero',
      title: 'No slope at zero',
      task: 'Two rows are equal, and the gradient is not a number.',
      shader: cdistBackward.shader,
      faults: [['  if (y[at] == 0.0) {\n    return 0.0;\n  }\n', '']],
      fails: ['value'],
      tolerance,
      shown: gradient([1, 3, 2, 2], 'a'),
      hidden: [
        gradient([2, 3, 4, 3], 'b'),
        gradient([2, 2, 5, 3], 'a', { squared: true }),
        gradient([1, 4, 3, 5], 'a', { epsilon: 0.5 }),
      ],
      hints: ['What is dy / y where y is 0? PyTorch takes a gradient of 0 there.'],
    },
  ],
};
export default lesson;
