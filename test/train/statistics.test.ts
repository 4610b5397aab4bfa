import { describe, expect, it } from 'vitest';
import { compare, deviation, holm, mcnemar, mean, wilson } from '../../src/train/statistics';

// Figures of SciPy 1.17.1: numpy.mean and std(ddof=1), binomtest(…).proportion_ci(method='wilson'), binomtest(min(b, c), b + c)
// and chi2.sf((|b - c| - 1)^2 / (b + c), 1).
describe('statistics are those of SciPy', () => {
  it('mean and deviation', () => {
    expect(mean([61.2, 60.4, 62.9])).toBeCloseTo(61.5, 12);
    expect(deviation([61.2, 60.4, 62.9])).toBeCloseTo(1.27671453348037, 12);
  });

  it.each([
    [2204, 3589, 0.5980582543161557, 0.6298950270593122],
    [0, 20, 0, 0.16112515805281935],
    [17, 20, 0.6395811352592431, 0.9476312541037835],
    [20, 20, 0.8388748419471808, 1],
  ])('Wilson’s interval of %i of %i', (hits, count, low, high) => {
    expect(wilson(hits, count)[0]).toBeCloseTo(low, 12);
    expect(wilson(hits, count)[1]).toBeCloseTo(high, 12);
  });

  it.each([
    [3, 9, 0.14599609375],
    [12, 12, 1],
    [0, 0, 1],
    [0, 24, 1.1920928955078125e-7],
    [1, 5, 0.21875],
    [60, 65, 0.7205147871362552],
    [507, 417, 0.0034127620091192446],
    [121, 110, 0.5105691712089317],
    [10, 15, 0.4237107971667936],
    [0, 25, 1.5866563039511885e-6],
    [300, 700, 1.6913086229518105e-36],
    [40, 40, 1],
  ])('McNemar’s test of %i and %i', (b, c, p) => {
    expect(mcnemar(b, c).p / p).toBeCloseTo(1, 10);
    expect(mcnemar(c, b).p).toBe(mcnemar(b, c).p);
  });

  it('McNemar’s counts, and Holm’s correction', () => {
    expect(compare([0, 1, 2, 2], [0, 2, 1, 1], [0, 1, 1, 2])).toMatchObject({ b: 2, c: 1 });
    // By hand: 4 * 0.005; 3 * 0.01; 2 * 0.03; and 0.04 is not below the one before it.
    const corrected = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((p, i) => expect(corrected[i]).toBeCloseTo(p, 12));
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
  });
});
