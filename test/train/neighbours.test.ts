import { describe, expect, it } from 'vitest';
import { classDistances, nearestNeighbours } from '../../src/train/neighbours';

/** Directions in degrees, at any length. */
const directions = (...degrees: number[]) =>
  Float32Array.from(
    degrees.flatMap((angle, i) => {
      const radians = (angle / 180) * Math.PI;
      return [(i + 1) * Math.cos(radians), (i + 1) * Math.sin(radians)];
    }),
  );

describe('nearest neighbours', () => {
  const known = { rows: directions(0, 10, 90, 100, 110), labels: [0, 0, 1, 1, 2] };

  it('are those of nearest direction, whatever the length', () => {
    const made = nearestNeighbours(known, { rows: directions(3, 88, 130) }, 2, 1);
    expect([...made]).toEqual([0, 1, 2]);
  });

  it('vote; among equals the nearest decides', () => {
    // Of 130: 110 (2), 100 (1), 90 (1).
    expect([...nearestNeighbours(known, { rows: directions(130) }, 2, 3)]).toEqual([1]);
    // Of 48: 10 (0) at 38, 90 (1) at 42.
    expect([...nearestNeighbours(known, { rows: directions(48) }, 2, 2)]).toEqual([0]);
    expect([...nearestNeighbours(known, { rows: directions(52) }, 2, 2)]).toEqual([1]);
  });

  it('may be fewer than asked for', () => {
    expect([...nearestNeighbours(known, { rows: directions(1) }, 2, 50)]).toEqual([0]);
  });
});

describe('distances', () => {
  it('within and between classes are of rows at length 1', () => {
    const { within, between } = classDistances(
      { rows: directions(0, 60, 180), labels: [0, 0, 1] },
      2,
    );
    expect(within).toBeCloseTo(1, 6);
    expect(between).toBeCloseTo((2 + Math.sqrt(3)) / 2, 6);
  });

  it('are 0 for equal rows', () => {
    const { within } = classDistances({ rows: directions(30, 30, 90), labels: [1, 1, 0] }, 2);
    expect(within).toBeLessThan(1e-3);
  });
});
