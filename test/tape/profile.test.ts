import { describe, expect, it } from 'vitest';
import { timeRepeated, type Duration } from '../../src/tape/profile';

/** Something that takes so many milliseconds, on a clock of such steps that began in the middle of one. */
const clocked = (ms: number, step: number) => (repeats: number) => {
  const timestamp = Math.floor((step / 2 + ms * repeats) / step) * step;
  return Promise.resolve({ wall: ms * repeats + 0.2, timestamp });
};

describe('timeRepeated', () => {
  const steps = [1e-6, 0.065536, 0.1];
  const durations = [0.0008, 0.003, 0.05, 0.7, 40];
  for (const step of steps) {
    it.each(durations)(`%s ms, on a clock with steps of ${step} ms`, async (duration) => {
      const { ms, timed } = await timeRepeated(clocked(duration, step));
      expect(timed).toBe(true);
      expect(ms / duration).toBeGreaterThan(0.95);
      expect(ms / duration).toBeLessThan(1.05);
    });
  }

  it('does once what takes long', async () => {
    expect((await timeRepeated(clocked(40, 0.1))).repeats).toBe(1);
  });

  it('says so where even 8192 times are too short', async () => {
    const { repeats, timed } = await timeRepeated(clocked(0.0001, 0.1));
    expect(timed).toBe(false);
    expect(repeats).toBe(8192);
  });

  it('goes on after the machine stood still for a moment', async () => {
    for (const moved of [0, 0.7]) {
      const stalled = (repeats: number): Promise<Duration> =>
        repeats < 16
          ? Promise.resolve({ wall: 3000, timestamp: moved * repeats })
          : clocked(0.7, 0.1)(repeats);
      expect((await timeRepeated(stalled)).timed).toBe(true);
    }
  });

  it('gives up a clock that stands still, and takes the other where there is none', async () => {
    const still = (repeats: number): Promise<Duration> =>
      Promise.resolve({ wall: 40 * repeats, timestamp: 0 });
    expect(await timeRepeated(still)).toEqual({ ms: 0, repeats: 16, timed: false });
    const wall = (repeats: number): Promise<Duration> =>
      Promise.resolve({ wall: 40 * repeats, timestamp: null });
    expect(await timeRepeated(wall)).toEqual({ ms: 40, repeats: 1, timed: true });
  });
});
