import { describe, expect, it } from 'vitest';
import { size } from '../../src/kernels/kernel';
import * as reference from '../../src/kernels/reference/resize';
import { resizeCrop, resizeForward } from '../../src/kernels/resize';
import { tensor, testKernel, type Dense } from '../support/kernel';
import { random } from '../support/random';

const exact = { absolute: 0, relative: 0 }; // integer arithmetic: the same bytes everywhere

function grey(shape: number[], seed = 1) {
  const next = random(seed);
  return tensor(
    shape,
    Array.from({ length: size(shape) }, () => Math.floor(next() * 256)),
  );
}

const images = ({ shape, data }: Dense) => ({
  data,
  images: shape[0],
  height: shape[1],
  width: shape[2],
});

function whole(name: string, shape: number[], width: number, height: number) {
  return { name, inputs: { x: grey(shape) }, attributes: { width, height } };
}

testKernel(resizeForward, {
  cases: [
    whole('one pixel', [1, 1, 1], 1, 1),
    whole('one pixel to many', [1, 1, 1], 5, 3),
    whole('many to one', [2, 8, 8], 1, 1),
    whole('the same size', [3, 7, 9], 9, 7),
    whole('48 to 96', [2, 48, 48], 96, 96),
    whole('96 to 48', [1, 96, 96], 48, 48),
    whole('odd sizes', [3, 13, 7], 10, 17),
    whole('a row', [2, 1, 20], 33, 1),
    whole('one way larger, the other smaller', [2, 30, 5], 12, 11),
    whole('the widest source', [1, 2, 4096], 512, 3),
    {
      name: 'black',
      inputs: { x: tensor([1, 4, 4], new Uint8Array(16)) },
      attributes: { width: 6, height: 6 },
    },
    {
      name: 'white',
      inputs: { x: tensor([1, 4, 4], new Uint8Array(16).fill(255)) },
      attributes: { width: 6, height: 6 },
    },
  ],
  reference: ({ x }, { width, height }) => ({
    y: reference.resizeForward(images(x), width, height),
  }),
  finite: ['x'], // pixels, as whole numbers
  tolerance: exact,
});

function crop(name: string, shape: number[], boxes: number[][], width: number, height = width) {
  return {
    name,
    inputs: { x: grey(shape), boxes: tensor([boxes.length, 4], boxes.flat()) },
    attributes: { width, height },
  };
}

testKernel(resizeCrop, {
  cases: [
    crop('one pixel', [1, 1, 1], [[0, 0, 1, 1]], 1),
    crop('the whole picture', [1, 9, 11], [[0, 0, 11, 9]], 11, 9),
    crop('whole pixels of it', [1, 20, 20], [[3, 5, 11, 13]], 8),
    crop(
      'a box for each image',
      [3, 12, 12],
      [
        [0, 0, 6, 6],
        [3, 3, 9, 9],
        [1, 2, 12, 12],
      ],
      8,
    ),
    crop(
      'several boxes of one image',
      [1, 40, 30],
      [
        [0, 0, 10, 10],
        [5.5, 7.25, 29.1, 33.3],
        [20, 30, 30, 40],
      ],
      16,
    ),
    crop('fractions of pixels', [1, 20, 20], [[3.3, 5.7, 11.9, 13.01]], 24, 17),
    crop('outside on every side', [1, 10, 10], [[-5, -4, 14, 13]], 20),
    crop('far outside', [1, 10, 10], [[-50, 100, -30, 120]], 4),
    crop('an empty box', [1, 10, 10], [[4, 4, 4, 4]], 3),
    crop('a box the wrong way round', [1, 10, 10], [[6, 6, 2, 2]], 3),
    crop('a face of a frame', [1, 270, 480], [[200.5, 40.2, 330.7, 170.4]], 96),
    crop('the largest box', [1, 2, 4096], [[0, 0, 4096, 2]], 512, 2),
  ],
  reference: ({ x, boxes }, { width, height }) => ({
    y: reference.resizeCrop(images(x), boxes.data, width, height),
  }),
  finite: ['x', 'boxes'], // pixels
  tolerance: exact,
});

describe('resize', () => {
  // torch.nn.functional.interpolate(x, size, mode='bilinear', align_corners=False), halves rounded up.
  it('is the one that PyTorch does', () => {
    const row = (data: number[], width: number) => [
      ...reference.resizeForward({ data, images: 1, width: data.length, height: 1 }, width, 1),
    ];
    expect(row([0, 100, 200], 6)).toEqual([0, 25, 75, 125, 175, 200]);
    expect(row([0, 100, 200, 40], 2)).toEqual([50, 120]);
    expect(row([0, 90, 180], 5)).toEqual([0, 36, 90, 144, 180]);
  });

  it('refuses what fixed point cannot hold', () => {
    const x = { shape: [1, 10, 5000], dtype: 'f32' } as const;
    expect(() => resizeForward.params!({ x }, { width: 9, height: 9 })).toThrow(/up to 4096/);
  });
});
