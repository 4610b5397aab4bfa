import { gemmForward } from '../../src/kernels/gemm';
import type { Lesson } from '../exercise';
import ladder from '../ladder/matmul';
import { real } from '../path/08-matrix-products';

const given = {
  shader: gemmForward.shader,
  tolerance: { absolute: 1e-5, relative: 1e-5 },
  shown: real(6, 4, 8),
  hidden: [real(7, 9, 10), real(1, 5, 3), real(4, 1, 4)],
};

const lesson: Lesson = {
  ladder,
  exercises: [
    {
      ...given,
      id: 'edge',
      title: 'Find the fault',
      task: 'Columns come in fours. Eight is a multiple of four; ten is not.',
      faults: [['    if (n + j < params.columns) {', '    if (n < params.columns) {']],
      fails: ['bounds', 'race', 'value'],
      hints: ['Behind the end of a row begins the next one.'],
    },
    {
      ...given,
      id: 'write',
      title: 'Write the inner loop',
      task: 'For each k: four numbers of b as a vec4, then four rows of a times it. At most five reads for each result.',
      most: { reads: 5 },
      faults: [
        [
          `  for (var k = 0u; k < params.terms; k++) {
    let down = k * params.b_row;
    let right = k * params.a_column;
    let w = vec4<f32>(b[b0 + down], b[b1 + down], b[b2 + down], b[b3 + down]);
    row0 += a[a0 + right] * w;
    row1 += a[a1 + right] * w;
    row2 += a[a2 + right] * w;
    row3 += a[a3 + right] * w;
  }
`,
          '  // Yours.\n',
        ],
      ],
      fails: ['value'],
      hints: [
        'a0 to a3 and b0 to b3 are the places of k = 0. Down a column of b it is params.b_row a step, along a row of a params.a_column.',
      ],
    },
  ],
};
export default lesson;
