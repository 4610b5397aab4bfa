import { describe, expect, it } from 'vitest';
import { fromLayout, toLayout } from '../../bench/versus/layout';
import { chooseProblems, PROBLEMS, trainProblem } from '../../bench/versus/problems';
import { permute, uniformTensor } from '../../bench/versus/tensor';
import { bordered, f32 } from '../../src/kernels/kernel';

describe('problems', () => {
  it('carry the names that they are listed under, each once', () => {
    const names = PROBLEMS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const entry of PROBLEMS) {
      if (/paper|\(8,/.test(entry.name)) continue; // large, and made the same way
      expect(entry.make().name).toBe(entry.name);
    }
  });

  it('are chosen by a pattern of their name, or by standard', () => {
    const named = chooseProblems('TRAIN small|conv5x5 dx .8,32', false).map(({ name }) => name);
    expect(named).toEqual(['train small 16', 'conv5x5 dx (8,32,48,48)->64']);
    expect(chooseProblems('', true)).toEqual(PROBLEMS);
    expect(chooseProblems('', false).every(({ standard }) => standard)).toBe(true);
  });

  it('count the operations of the network that the study counted: 142 MFLOP a picture and stream', () => {
    const { flops } = trainProblem('small', 2);
    const forward =
      2 * 25 * (48 ** 2 * 16 + 24 ** 2 * 16 * 32 + 144 * 32 * 64 + 36 * 64 * 96 + 9 * 96 * 128);
    const heads = 2 * (128 * 256 * 2 + 512 * 512 + 128 * 7);
    const first = 2 * 50 * 48 ** 2 * 16;
    expect(flops).toBe(2 * (3 * (2 * forward + heads) - first));
  });
});

describe('tensors', () => {
  it('are the same for the same seed', () => {
    expect(uniformTensor(5, [3, 4]).data).toEqual(uniformTensor(5, [3, 4]).data);
    expect(uniformTensor(5, [12]).data).not.toEqual(uniformTensor(6, [12]).data);
  });

  it('permute as numpy.transpose does', () => {
    const data = Float32Array.from({ length: 24 }, (_, i) => i);
    const { shape, data: moved } = permute({ shape: [2, 3, 4], data }, [2, 0, 1]);
    expect(shape).toEqual([4, 2, 3]);
    for (let i = 0; i < 24; i++) {
      const [a, b, c] = [Math.floor(i / 6), Math.floor(i / 3) % 2, i % 3];
      expect(moved[i]).toBe(data[(b * 3 + c) * 4 + a]);
    }
  });

  it('come back from a bordered layout, whose border is zero', () => {
    const spec = f32([2, 3, 5, 6], bordered(6));
    const { data } = uniformTensor(1, spec.shape);
    const placed = toLayout(spec, data);
    expect(fromLayout(spec, placed)).toEqual(data);
    expect([...placed].filter((value) => value !== 0).length).toBe(
      [...data].filter(Boolean).length,
    );
    expect([...placed.subarray(0, 2 * spec.layout!.rowStride)].every((value) => value === 0)).toBe(
      true,
    );
  });
});
