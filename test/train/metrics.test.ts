import { describe, expect, it } from 'vitest';
import { emptyConfusion, formatConfusion, metricsOf } from '../../src/train/metrics';

describe('metricsOf', () => {
  it('accuracy, recall, mean recall and macro F1 of a hand-made matrix', () => {
    const metrics = metricsOf([
      [8, 2, 0],
      [1, 3, 0],
      [3, 0, 3],
    ]);
    expect(metrics.images).toBe(20);
    expect(metrics.accuracy).toBeCloseTo(14 / 20, 12);
    expect(metrics.recall).toEqual([0.8, 0.75, 0.5]);
    expect(metrics.meanRecall).toBeCloseTo((0.8 + 0.75 + 0.5) / 3, 12);
    // precision 8/12, 3/5, 3/3; F1 = 2 p r / (p + r)
    const f1 = [16 / 22, 6 / 9, 6 / 9];
    expect(metrics.macroF1).toBeCloseTo((f1[0] + f1[1] + f1[2]) / 3, 12);
  });

  it('a class that does not occur counts for no mean', () => {
    const metrics = metricsOf([
      [4, 0, 0],
      [0, 0, 0],
      [0, 2, 2],
    ]);
    expect(metrics.recall).toEqual([1, 0, 0.5]);
    expect(metrics.meanRecall).toBeCloseTo(0.75, 12);
    expect(metrics.macroF1).toBeCloseTo((1 + 4 / 6) / 2, 12);
  });

  it('is 0, not NaN, without images', () => {
    const { accuracy, meanRecall, macroF1, images } = metricsOf(emptyConfusion(7));
    expect([accuracy, meanRecall, macroF1, images]).toEqual([0, 0, 0, 0]);
  });

  it('rows of an empty matrix are not shared', () => {
    const confusion = emptyConfusion(3);
    confusion[0][1] = 5;
    expect(confusion[1][1]).toBe(0);
  });
});

describe('formatConfusion', () => {
  it('prints rows in percent, with counts', () => {
    const text = formatConfusion(
      [
        [3, 1],
        [0, 0],
      ],
      ['happy', 'sad'],
    );
    const [head, first, second] = text.split('\n');
    expect(head.trim().split(/\s+/)).toEqual(['happy', 'sad']);
    expect(first.trim().split(/\s+/)).toEqual(['happy', '75.0', '25.0', 'n=4']);
    expect(second.trim().split(/\s+/)).toEqual(['sad', '-', '-', 'n=0']);
  });
});
