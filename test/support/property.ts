import fc from 'fast-check';
import { it } from 'vitest';
import type { Gpu } from '../../src/gpu/device';
import { size } from '../../src/kernels/kernel';
import { testGpu } from './gpu';
import { SEED, uniform } from './random';

/** Random cases of every property in every run. */
const RUNS = 20;

/** Checks random cases on the adapter under test. The seed is printed, to see the same cases again. */
export function property<T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  check: (gpu: Gpu, value: T) => Promise<void>,
  seed = SEED,
): void {
  it(name, async () => {
    const gpu = await testGpu();
    console.log(`${name}: ${RUNS} cases of seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(arbitrary, (value) => check(gpu, value)),
      { seed, numRuns: RUNS },
    );
  });
}

/** Extents from `min` to `max`. */
export const extent = (max: number, min = 1) => fc.integer({ min, max });

/** Float32 numbers in [-scale, scale), for an eager call and for the reference alike. */
export function array(shape: readonly number[], seed: number, scale = 1) {
  return { shape, data: Float32Array.from(uniform(size(shape), seed, scale)) };
}

/** |actual - expected| <= absolute + relative |expected|, element by element. */
export function expectClose(
  what: string,
  actual: { data: ArrayLike<number> } | undefined,
  expected: ArrayLike<number>,
  { absolute, relative }: { absolute: number; relative: number } = { absolute: 0, relative: 0 },
): void {
  if (actual?.data.length !== expected.length) {
    throw new Error(
      `${what} has ${actual?.data.length} elements, the reference ${expected.length}`,
    );
  }
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual.data[i], expected[i]];
    if (!Object.is(a, e) && !(Math.abs(a - e) <= absolute + relative * Math.abs(e))) {
      throw new Error(`${what}[${i}] = ${a}, reference ${e}`);
    }
  }
}
