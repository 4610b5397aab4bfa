import { describe, expect, it } from 'vitest';
import { Deadline, OutOfTime } from '../../bench/host/deadline';

const after = <T>(ms: number, value: T) =>
  new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

describe('Deadline', () => {
  it('gives up on the library whose turn takes too long', async () => {
    const deadline = new Deadline();
    const work = async () => {
      deadline.turn('quick');
      await after(5, 0);
      deadline.turn('slow');
      await new Promise(() => undefined);
    };
    const error = await deadline.watch(work(), 60).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(OutOfTime);
    expect((error as OutOfTime).library).toBe('slow');
    expect((error as OutOfTime).message).toMatch(/^did not finish in \d+ s$/);
  });

  it('counts every turn by itself, and nothing between turns', async () => {
    const deadline = new Deadline();
    const work = async () => {
      for (let i = 0; i < 3; i++) {
        deadline.turn('a');
        await after(40, 0);
      }
      deadline.turn(undefined);
      return after(120, 'answer');
    };
    expect(await deadline.watch(work(), 100)).toBe('answer');
  });

  it('passes on how the work ends, and waits for ever without a limit', async () => {
    const deadline = new Deadline();
    deadline.turn('a');
    expect(await deadline.watch(after(20, 1))).toBe(1);
    await expect(deadline.watch(Promise.reject(new Error('broken')), 1000)).rejects.toThrow(
      'broken',
    );
  });
});
