import { describe, expect, it } from 'vitest';
import { u32 } from '../../src/kernels/kernel';
import { Plan } from '../../src/tape/plan';
import { Storage } from '../../src/tape/storage';
import { Tape } from '../../src/tape/tape';
import { state } from '../../src/tape/value';
import { augment, AUGMENTATION, NO_AUGMENTATION } from '../../src/vision/augmentation';
import { standardize } from '../../src/vision/standardize';
import { testGpu } from '../support/gpu';

const SIDE = 16;
const BATCH = 64;

/** The same picture in every sample: left half dark, right half light. */
async function record(options: { random: boolean; config?: typeof AUGMENTATION; streams?: 1 | 2 }) {
  const gpu = await testGpu();
  const storage = new Storage(gpu);
  const images = state('images', u32([(SIDE * SIDE) / 4]));
  const indices = state('indices', u32([BATCH]));
  const step = state('step', u32([64]));
  const tape = new Tape(gpu.capabilities);
  const augmented = augment(tape, { images, indices, step }, options.config ?? AUGMENTATION, {
    source: { width: SIDE, height: SIDE },
    size: SIDE,
    views: 1,
    sequence: false,
    random: options.random,
  });
  const streams = options.streams === 2 ? [augmented, augmented] : [augmented];
  const x = standardize(tape, streams);
  const plan = await Plan.compile(tape, storage, { keep: [augmented, x] });
  storage.write(
    images,
    Uint8Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE < SIDE / 2 ? 40 : 200)),
  );
  storage.write(indices, new Uint32Array(BATCH));
  const run = async (seed: number, number: number) => {
    storage.write(step, Uint32Array.of(seed, number, 0, 0, 0, 0));
    plan.run();
    return {
      y: Float32Array.from(await plan.read(augmented)),
      x: Float32Array.from(await plan.read(x)),
    };
  };
  const dispose = () => {
    plan.dispose();
    storage.dispose();
  };
  return { run, dispose };
}

describe('augmentation in a plan', () => {
  it('gives the same bits for the same seed and step, and others for others', async () => {
    const { run, dispose } = await record({ random: true });
    const first = await run(1, 1);
    expect((await run(1, 2)).y).not.toEqual(first.y);
    expect((await run(2, 1)).y).not.toEqual(first.y);
    expect((await run(1, 1)).y).toEqual(first.y);
    expect(first.y.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(
      true,
    );
    dispose();
  });

  it('mirrors about half of the samples', async () => {
    const { run, dispose } = await record({
      random: true,
      config: { ...NO_AUGMENTATION, mirror: 0.5 },
    });
    let mirrored = 0;
    for (let number = 1; number <= 10; number++) {
      const { y } = await run(3, number);
      for (let n = 0; n < BATCH; n++) {
        const left = y[n * SIDE * SIDE];
        expect([40, 200]).toContain(left);
        if (left === 200) mirrored++;
      }
    }
    expect(Math.abs(mirrored - 320)).toBeLessThan(52); // four standard deviations of 640 tosses
    dispose();
  });

  it('changes nothing without augmentation, and ignores the seed', async () => {
    for (const options of [{ random: true, config: NO_AUGMENTATION }, { random: false }]) {
      const { run, dispose } = await record(options);
      const { y } = await run(5, 6);
      expect(y.every((value, i) => value === (i % SIDE < SIDE / 2 ? 40 : 200))).toBe(true);
      dispose();
    }
  });

  it('gives two streams the same geometry', async () => {
    const { run, dispose } = await record({ random: true, streams: 2 });
    const { x } = await run(1, 1);
    expect(x.subarray(x.length / 2)).toEqual(x.subarray(0, x.length / 2));
    dispose();
  });

  it('standardizes to mean 0 and deviation 1', async () => {
    const { run, dispose } = await record({ random: false });
    const { x } = await run(1, 1);
    // Two equal halves at 40 and 200: 80 from the mean, variance 6400 + 1. The plan gives dense or bordered data.
    const inside = x.filter((value) => value !== 0);
    expect(inside.length).toBe(BATCH * SIDE * SIDE);
    for (const value of inside) expect(Math.abs(value)).toBeCloseTo(80 / Math.sqrt(6401), 5);
    dispose();
  });
});
