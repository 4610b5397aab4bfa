import { winogradProduct as reference } from '../../src/kernels/reference/winograd';
import { winogradProduct } from '../../src/kernels/winograd';
import { dispatchOf, tensor, type Dispatch } from '../dispatch';
import type { Lesson } from '../exercise';

/** Products at `positions` of [rows, terms] and [terms, columns]. */
type Sizes = readonly [positions: number, rows: number, terms: number, columns: number];

function product(...sizes: Sizes): Dispatch {
  const [P, I, K, J] = sizes;
  const [left, right] = [tensor([1, P, I, K], 1), tensor([1, P, K, J], 2)];
  const expected = { product: reference(left.data, right.data, sizes) };
  const name = `${P} products of [${I}, ${K}] and [${K}, ${J}]`;
  const attributes = { workgroupSize: 4 };
  return dispatchOf(winogradProduct, name, { left, right }, attributes, expected);
}

const given = {
  shader: winogradProduct.shader,
  tolerance: { absolute: 1e-5, relative: 1e-5 },
  shown: product(2, 6, 3, 4),
  hidden: [product(3, 4, 5, 20), product(1, 1, 1, 8), product(2, 9, 2, 12)],
};

const lesson: Lesson = {
  exercises: [
    {
      ...given,
      id: 'last',
      title: 'Find the fault',
      task: 'Rows come in fours, and there are six. The last ones of the second four belong to the next position, or to nobody.',
      faults: [['min(i + 3u, last)', '(i + 3u)']],
      fails: ['bounds'],
      hints: ['Compare the four lines with one another.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the product',
      task: 'For each term: one vec4 of `right`, times one number of each of four rows of `left`. at0 to at3 and from_right are the places of the first term. Twelve lines.',
      faults: [
        [
          `  for (var k = 0u; k < params.terms; k++) {
    let columns = right[from_right];
    sum0 += left[at0] * columns;
    sum1 += left[at1] * columns;
    sum2 += left[at2] * columns;
    sum3 += left[at3] * columns;
    at0++;
    at1++;
    at2++;
    at3++;
    from_right += params.columns;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'Along a row of `left` the next term is the next number; down `right` it is params.columns further.',
        'All four rows use the same vec4: read it once.',
      ],
    },
  ],
};
export default lesson;
