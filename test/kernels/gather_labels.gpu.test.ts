import { gatherLabelsForward } from '../../src/kernels/gather_labels';
import * as reference from '../../src/kernels/reference/gather_labels';
import { tensor, testKernel } from '../support/kernel';

const ABSENT = 0xffffffff;

function testCase(name: string, words: number[], indices: number[]) {
  return {
    name,
    inputs: {
      labels: tensor([words.length], words, { dtype: 'u32' as const }),
      indices: tensor([indices.length], indices, { dtype: 'u32' as const }),
    },
    attributes: undefined,
  };
}

const many = Array.from({ length: 100 }, (_, i) => (i * 0x01030507) >>> 0);

testKernel(gatherLabelsForward, {
  cases: [
    testCase('one', [0x03020104], [0]),
    testCase('every byte of a word', [0x03020104], [0, 1, 2, 3]),
    testCase('absent', [0x03020104], [ABSENT]),
    testCase('absent among others', [0x03020104], [ABSENT, 3, ABSENT, 1]),
    testCase('past the end', [0x03020104], [4, 3]),
    testCase('the same one twice', [0x03020104], [2, 2, 2]),
    testCase('the highest byte', [0xff000000], [3, 2]),
    testCase('the last word', many, [399, 398, 397, 396]),
    testCase(
      'one more than a workgroup',
      many,
      Array.from({ length: 65 }, (_, i) => i * 6),
    ),
    testCase(
      'many workgroups',
      many,
      Array.from({ length: 1000 }, (_, i) => (i * 37) % 401),
    ),
  ],
  reference: ({ labels, indices }) => ({
    y: reference.gatherLabelsForward(
      new Uint8Array(Uint32Array.from(labels.data).buffer),
      indices.data,
    ),
  }),
  tolerance: { absolute: 0, relative: 0 }, // copies
});
