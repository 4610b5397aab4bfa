import { describe, expect, it } from 'vitest';
import { Waits } from '../../src/gpu/waits';

const PERIOD = 100;

/** A queue that looks for finished work at each submit and, by a clock, every `period` ms. */
function fakeDevice(period: number) {
  let waiting: (() => void)[] = [];
  let submits = 0;
  const look = () => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  const timer = setInterval(look, period);
  const queue = {
    submit() {
      submits++;
      look();
    },
    onSubmittedWorkDone: () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
      }),
  };
  return {
    device: { queue } as unknown as GPUDevice,
    queue,
    submits: () => submits,
    close: () => clearInterval(timer),
  };
}

describe('waits', () => {
  it('has a slow runtime look for finished work', async () => {
    const { device, queue, submits, close } = fakeDevice(PERIOD);
    const waits = new Waits(device);
    await waits.time();
    expect(submits()).toBe(0);
    await waits.until(queue.onSubmittedWorkDone());
    expect(submits()).toBe(1);
    close();
  });

  it('is not misled by a thread that was busy past a look', async () => {
    const { device, queue, submits, close } = fakeDevice(PERIOD);
    const done = queue.onSubmittedWorkDone;
    let waits = 0;
    // What was waited for second comes so late that the next look is near.
    queue.onSubmittedWorkDone = async () => {
      const late = ++waits === 2;
      await done();
      if (late) await new Promise((resolve) => setTimeout(resolve, 0.9 * PERIOD));
    };
    const timed = new Waits(device);
    await timed.time();
    await timed.until(done());
    expect(submits()).toBe(1);
    close();
  });

  it('looks less and less often, and no more when the wait is over', async () => {
    const { device, close } = fakeDevice(PERIOD);
    const waits = new Waits(device);
    await waits.time();
    let looks = 0;
    let end!: () => void;
    device.queue.submit = () => {
      if (++looks === 12) end();
    };
    const begin = performance.now();
    await waits.until(new Promise<void>((resolve) => (end = resolve)), 1 / 2);
    // After 1, 2, 3, 4.5 … ms, the twelfth after 2 * 1.5^10 = 115; timers round down.
    expect(performance.now() - begin).toBeGreaterThan(50);
    await new Promise((resolve) => setTimeout(resolve, 2 * PERIOD));
    expect(looks).toBe(12);
    close();
  });

  it('a work that fails fails, and a quick runtime is left alone', async () => {
    const { device, queue, submits, close } = fakeDevice(2);
    const waits = new Waits(device);
    await waits.time();
    await waits.until(queue.onSubmittedWorkDone());
    await expect(waits.until(Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    expect(submits()).toBe(0);
    close();
  });
});
