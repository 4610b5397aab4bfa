import { describe, expect, it } from 'vitest';
import { rateFactor, type ScheduleConfig } from '../../src/train/schedule';

const factors = (schedule: ScheduleConfig, steps: number, stepsPerEpoch = 1) =>
  Array.from({ length: steps }, (_, i) => rateFactor(schedule, i + 1, steps, stepsPerEpoch));

function expectClose(actual: number[], expected: number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => expect(value, `step ${i + 1}`).toBeCloseTo(expected[i], 12));
}

describe('rateFactor', () => {
  it('one-cycle: the numbers of OneCycleLR(max_lr=1, total_steps=10, pct_start=0.3)', () => {
    expectClose(
      factors({ kind: 'one-cycle', warmup: 0.3 }, 10),
      [
        0.04, 0.52, 1, 0.9504846320134737, 0.8117456539497631, 0.6112620219362893,
        0.38874197806371075, 0.18825834605023697, 0.049519367986526286, 4e-6,
      ],
    );
  });

  it('one-cycle: the same where the peak falls between two steps (7 steps, pct_start=0.25)', () => {
    expectClose(
      factors({ kind: 'one-cycle', warmup: 0.25 }, 7),
      [
        0.04, 0.9944154354509117, 0.8665264698111694, 0.6112620219362893, 0.31733221849885124,
        0.08688426531955129, 4e-6,
      ],
    );
  });

  it('one-cycle: start, final and a run of one step', () => {
    const all = factors({ kind: 'one-cycle', warmup: 0.5, start: 0.1, final: 0.01 }, 20);
    expect(all[0]).toBeCloseTo(0.1, 12);
    expect(all[9]).toBeCloseTo(1, 12);
    expect(all[19]).toBeCloseTo(0.01, 12);
    expect(factors({ kind: 'one-cycle', warmup: 0.2 }, 1)).toEqual([1]);
    expect(factors({ kind: 'one-cycle' }, 5)[0]).toBe(1);
  });

  it('warm-up rises in equal steps to the peak, which comes after it', () => {
    expectClose(
      factors({ kind: 'constant', warmup: 0.4 }, 10).slice(0, 6),
      [0.2, 0.4, 0.6, 0.8, 1, 1],
    );
  });

  it('cosine: 1 after the warm-up, half in the middle, `final` at the end', () => {
    const plain = factors({ kind: 'cosine' }, 11);
    expect(plain[0]).toBe(1);
    expect(plain[5]).toBeCloseTo(0.5, 12);
    expect(plain[10]).toBeCloseTo(0, 12);
    const warm = factors({ kind: 'cosine', warmup: 0.2, final: 0.1 }, 10);
    expectClose(warm.slice(0, 3), [1 / 3, 2 / 3, 1]);
    expect(warm[9]).toBeCloseTo(0.1, 12);
  });

  it('step: falls by the factor every so many epochs', () => {
    const all = factors({ kind: 'step', every: 2, factor: 0.1 }, 15, 3);
    expectClose(
      all,
      Array.from({ length: 15 }, (_, t) => 0.1 ** Math.floor(t / 6)),
    );
  });

  it('constant: 1 throughout', () => {
    expect(factors({ kind: 'constant' }, 4)).toEqual([1, 1, 1, 1]);
  });

  it('never leaves [0, 1] and is finite for every length', () => {
    const kinds: ScheduleConfig[] = [
      { kind: 'constant', warmup: 0.3 },
      { kind: 'cosine', warmup: 1 },
      { kind: 'one-cycle', warmup: 1 },
      { kind: 'one-cycle', warmup: 0.001 },
      { kind: 'step', every: 1, factor: 0.5, warmup: 0.1 },
    ];
    for (const kind of kinds) {
      for (let steps = 1; steps <= 40; steps++) {
        for (const factor of factors(kind, steps, 4)) {
          expect(factor).toBeGreaterThanOrEqual(0);
          expect(factor).toBeLessThanOrEqual(1 + 1e-12);
        }
      }
    }
  });
});
