import { describe, expect, it } from 'vitest';
import {
  conv5x5BackwardInputTiled,
  conv5x5BackwardWeightMap3,
  conv5x5BackwardWeightSubgroup,
  conv5x5BackwardWeightSubgroup8,
  conv5x5ForwardMap3,
  conv5x5ForwardMap6,
  conv5x5ForwardSubgroup,
  conv5x5ForwardTiled,
} from '../../src/kernels/conv5x5';
import {
  conv5x5BackwardWeight,
  conv5x5Forward,
  conv5x5Variant,
} from '../../src/kernels/conv_choice';
import { bordered, f32, type Layout } from '../../src/kernels/kernel';
import { testCapabilities } from '../support/gpu';

const capabilities = await testCapabilities();

describe('conv5x5Forward and conv5x5BackwardWeight', () => {
  const of = (least: number, most = least) => ({
    ...capabilities,
    subgroupMinSize: least,
    subgroupMaxSize: most,
  });
  const images = (N: number, C: number, W: number) => f32([2, N, C, W, W], bordered(W));
  it('choose by the size of the map', () => {
    const forward = (size: number, N: number, W: number) =>
      conv5x5Forward(of(size), 'forward', 'subgroup', images(N, 16, W), f32([2, 16, 5, 5, 8]));
    expect(forward(8, 64, 24).kernel).toBe(conv5x5ForwardSubgroup);
    expect(forward(8, 64, 6).kernel).toBe(conv5x5ForwardMap6);
    expect(forward(8, 64, 3).kernel).toBe(conv5x5ForwardMap3);
    expect(forward(8, 64, 3).attributes).toEqual({ workgroupSize: 8 }); // a CPU's subgroup
    expect(forward(16, 64, 3).attributes).toEqual({ workgroupSize: 64 });
    expect(forward(16, 20, 3).attributes).toEqual({ workgroupSize: 32 });
    expect(forward(32, 8, 3).kernel).toBe(conv5x5ForwardMap3); // idle lanes cost less than idle taps
    expect(forward(4, 64, 24).kernel).toBe(conv5x5ForwardTiled);
    expect(forward(4, 64, 6).kernel).toBe(conv5x5ForwardMap6);
    expect(
      conv5x5Forward(of(8), 'forward', 'subgroup', images(64, 16, 24), f32([2, 16, 5, 5, 7]))
        .kernel,
    ).toBe(conv5x5ForwardTiled);
    expect(
      conv5x5Forward(of(8), 'backward_input', 'tiled', images(64, 16, 3), f32([2, 16, 5, 5, 8]))
        .kernel,
    ).toBe(conv5x5BackwardInputTiled);
  });
  it('split sums over images more where there are few weights', () => {
    const split = (size: number, C: number, O: number, W: number) =>
      conv5x5BackwardWeight(of(size), 'subgroup', images(64, C, W), images(64, O, W)).attributes;
    expect(split(8, 16, 32, 24)).toEqual({ parts: 4, workgroupSize: 80 });
    expect(split(8, 1, 16, 48)).toEqual({ parts: 8, workgroupSize: 8 });
    expect(split(4, 32, 64, 12)).toEqual({ parts: 1, workgroupSize: 80 });
    expect(split(32, 1, 16, 48)).toEqual({ parts: 64, workgroupSize: 32 });
    expect(split(32, 96, 128, 12)).toEqual({ parts: 2, workgroupSize: 96 });
    expect(split(8, 96, 128, 3)).toEqual({ parts: 1, workgroupSize: 8 });
  });
  it('take the least of the sizes that a GPU chooses between, and workgroups that are whole at the largest', () => {
    const forward = (least: number, most: number, N: number, W: number) =>
      conv5x5Forward(
        of(least, most),
        'forward',
        'subgroup',
        images(N, 16, W),
        f32([2, 16, 5, 5, 8]),
      );
    expect(forward(8, 32, 64, 24).kernel).toBe(conv5x5ForwardSubgroup);
    expect(forward(4, 32, 64, 24).kernel).toBe(conv5x5ForwardTiled);
    expect(forward(8, 32, 20, 3)).toEqual({
      kernel: conv5x5ForwardMap3,
      attributes: { workgroupSize: 32 },
    });
    expect(forward(64, 128, 20, 3).attributes).toEqual({ workgroupSize: 64 });
    const weights = (least: number, most: number, C: number, W: number) =>
      conv5x5BackwardWeight(of(least, most), 'subgroup', images(64, C, W), images(64, 8, W));
    expect(weights(32, 64, 96, 12).kernel).toBe(conv5x5BackwardWeightSubgroup8);
    expect(weights(4, 32, 96, 12).kernel).toBe(conv5x5BackwardWeightSubgroup);
    expect(weights(8, 32, 96, 3).kernel).toBe(conv5x5BackwardWeightMap3);
    expect(weights(8, 32, 16, 3).kernel).toBe(conv5x5BackwardWeightSubgroup8); // half idle at 32
  });
});

describe('conv5x5Variant', () => {
  const spec = (layout?: Layout) => f32([1, 1, 1, 6, 6], layout);
  const of = (least: number, most = least) => ({
    ...capabilities,
    subgroupMinSize: least,
    subgroupMaxSize: most,
  });
  it('takes what device and layout allow', () => {
    expect(conv5x5Variant(of(8), [spec(bordered(6))])).toBe('subgroup');
    expect(conv5x5Variant(of(4), [spec(bordered(6))])).toBe('subgroup');
    expect(conv5x5Variant(of(8, 32), [spec(bordered(6))])).toBe('subgroup');
    expect(conv5x5Variant(of(64, 128), [spec(bordered(6))])).toBe('subgroup');
    expect(conv5x5Variant(of(0), [spec(bordered(6))])).toBe('tiled');
    expect(conv5x5Variant(undefined, [spec(bordered(6))])).toBe('tiled');
    expect(conv5x5Variant(of(8), [spec(bordered(6)), spec()])).toBe('plain');
    expect(conv5x5Variant(of(8), [spec({ border: 2, rowStride: 10 })])).toBe('plain');
    expect(conv5x5Variant(of(8), [spec(bordered(6))], 'tiled')).toBe('tiled');
    expect(conv5x5Variant(of(8), [spec(bordered(6))], 'plain')).toBe('plain');
  });
  it('refuses what cannot run', () => {
    expect(() => conv5x5Variant(of(8), [spec()], 'tiled')).toThrow(/bordered/);
    expect(() => conv5x5Variant(of(2, 32), [spec(bordered(6))], 'subgroup')).toThrow(/subgroups/);
  });
});
