import { describe, expect, it } from 'vitest';
import { difference, pairedRatio, runRatio, spread, verdict } from '../../bench/versus/statistics';

describe('spread', () => {
  it('takes the middle of an odd and of an even number of samples', () => {
    expect(spread([3, 1, 2]).median).toBe(2);
    expect(spread([4, 1, 2, 3]).median).toBe(2.5);
  });

  it('gives extremes and quartiles', () => {
    const { min, max, quartiles } = spread([9, 1, 3, 7, 5]);
    expect([min, max, ...quartiles]).toEqual([1, 9, 3, 7]);
  });

  it('sorts by value, not by text', () => {
    expect(spread([10, 9, 100]).median).toBe(10);
  });

  it('refuses no samples', () => {
    expect(() => spread([])).toThrow(RangeError);
  });
});

describe('pairedRatio', () => {
  it('cancels what slows a whole round down', () => {
    // The third round took ten times as long for both.
    const { value, low, high } = pairedRatio([20, 22, 200, 18], [10, 11, 100, 9]);
    expect([value, low, high]).toEqual([2, 2, 2]);
  });

  it('uses the rounds that both took part in', () => {
    expect(pairedRatio([30, 30, 30], [10]).value).toBe(3);
  });
});

describe('verdict', () => {
  const at = (samples: number[]) => spread(samples);

  it('calls a change inside the noise the same', () => {
    expect(verdict(runRatio(at([9, 10, 12, 14]), at([8, 11, 13, 15])))).toBe('same');
  });

  it('calls less than the band the same, however quiet', () => {
    expect(verdict(runRatio(at([103, 103, 103]), at([100, 100, 100])))).toBe('same');
    expect(verdict(runRatio(at([97, 97, 97]), at([100, 100, 100])))).toBe('same');
  });

  it('tells faster from slower', () => {
    expect(verdict(runRatio(at([50, 51, 52]), at([100, 101, 102])))).toBe('faster');
    expect(verdict(runRatio(at([100, 101, 102]), at([50, 51, 52])))).toBe('slower');
  });
});

describe('difference', () => {
  it('is relative to the largest number wanted', () => {
    expect(difference([100, 0], [100, 1])).toBeCloseTo(0.01);
  });

  it('believes neither NaN nor another length', () => {
    expect(difference([1, 2], [1, NaN])).toBe(Infinity);
    expect(difference([1, 2], [1])).toBe(Infinity);
  });

  it('takes zeros for what they are', () => {
    expect(difference([0, 0], [0, 0])).toBe(0);
    expect(difference([0, 0], [0, 0.5])).toBe(0.5);
  });
});
