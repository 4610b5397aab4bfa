import { cdistBackward, cdistForward, type CdistAttributes } from '../../src/kernels/cdist';
import * as reference from '../../src/kernels/reference/cdist';
import { testGradient } from '../support/gradient';
import { tensor, testKernel, type Dense } from '../support/kernel';

interface Case extends CdistAttributes {
  name: string;
  a: number[];
  b: number[];
  scale?: number;
  /** b is a, so that the diagonal is 0. */
  same?: boolean;
}

const cases: Case[] = [
  { name: '5 and 3 rows of 4', a: [5, 4], b: [3, 4] },
  { name: 'one of everything', a: [1, 1], b: [1, 1] },
  { name: 'squared', a: [5, 4], b: [3, 4], squared: true },
  { name: 'rows with themselves', a: [6, 3], b: [6, 3], same: true },
  { name: 'squares of rows with themselves', a: [6, 3], b: [6, 3], same: true, squared: true },
  { name: 'epsilon', a: [4, 8], b: [4, 8], same: true, epsilon: 1e-3 },
  { name: 'batches', a: [3, 2, 5], b: [3, 4, 5] },
  { name: 'row by row, as batches of one', a: [9, 1, 6], b: [9, 1, 6], epsilon: 1e-6 },
  { name: 'batches in two axes', a: [2, 3, 2, 5], b: [2, 3, 4, 5], squared: true },
  { name: 'past one workgroup', a: [17, 9], b: [13, 9] },
  { name: 'long rows', a: [3, 512], b: [2, 512] },
  { name: 'large', a: [4, 5], b: [3, 5], scale: 1e6 },
];

const inputsOf = ({ a, b, scale, same }: Case) => ({
  a: tensor(a, 1, { scale }),
  b: tensor(b, same ? 1 : 2, { scale }),
});

const attributesOf = ({ squared, epsilon }: Case) => ({
  squared,
  epsilon: epsilon && Math.fround(epsilon),
});

const sizesOf = (a: Dense, b: Dense, { squared, epsilon }: CdistAttributes) => ({
  batch: a.shape.slice(0, -2).reduce((x, y) => x * y, 1),
  rows: a.shape[a.shape.length - 2],
  columns: b.shape[b.shape.length - 2],
  features: a.shape[a.shape.length - 1],
  squared: squared ?? false,
  epsilon: epsilon ?? 0,
});

// Sums of at most 512 squares, relative to the sum; `sqrt` of WGSL is good to a few 1e-7.
const tolerance = { absolute: 1e-6, relative: 2e-6 };

testKernel(cdistForward, {
  cases: cases.map((c) => ({ name: c.name, inputs: inputsOf(c), attributes: attributesOf(c) })),
  reference: ({ a, b }, attributes) => ({
    y: reference.cdist(a.data, b.data, sizesOf(a, b, attributes)),
  }),
  tolerance,
});

testKernel(cdistBackward, {
  cases: cases
    .filter(({ scale }) => !scale)
    .flatMap((c) =>
      (['a', 'b'] as const).map((of) => {
        const { a, b } = inputsOf(c);
        const y = reference.cdist(a.data, b.data, sizesOf(a, b, c));
        const shape = [...c.a.slice(0, -1), c.b[c.b.length - 2]];
        return {
          name: `${c.name}, of ${of}`,
          inputs: { a, b, y: tensor(shape, y), dy: tensor(shape, 3) },
          attributes: { ...attributesOf(c), of },
        };
      }),
    ),
  reference: ({ a, b, dy }, attributes) => ({
    dx: reference.cdistGradient(a.data, b.data, dy.data, sizesOf(a, b, attributes))[attributes.of],
  }),
  // Sums over at most 17 rows of numbers near 1. With epsilon alone between two rows a difference of
  // float32 numbers near 1 is off by 6e-8 of 1e-3.
  derived: ({ a, b }, attributes) => ({
    y: reference.cdist(a.data, b.data, sizesOf(a, b, attributes)),
  }),
  tolerance: { absolute: 3e-5, relative: 2e-5 },
});

testGradient('cdist', {
  cases: cases
    .filter(({ scale, same, squared, epsilon }) => !scale && (!same || squared || epsilon))
    .map((c) => ({ name: c.name, inputs: inputsOf(c), attributes: attributesOf(c) })),
  forward: ({ a, b }, attributes) => reference.cdist(a.data, b.data, sizesOf(a, b, attributes)),
  backward: ({ a, b }, dy, attributes) =>
    reference.cdistGradient(a.data, b.data, dy, sizesOf(a, b, attributes)),
  tolerance: 1e-5,
});
