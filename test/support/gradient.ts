import { describe, expect, it } from 'vitest';
import type { Dense, TestTensor } from './kernel';
import { uniform } from './random';

/**
 * Checks a reference's gradient against central differences in f64: for L = sum(dy * forward(x)),
 * `backward` must give dL/dx for every named input.
 */
export function testGradient<I extends string, A>(
  name: string,
  test: {
    cases: {
      name: string;
      inputs: Record<I, TestTensor>;
      attributes: A;
      /** Inputs to differentiate; all by default. */
      of?: I[];
    }[];
    forward: (inputs: Record<I, Dense>, attributes: A) => ArrayLike<number>;
    backward: (
      inputs: Record<I, Dense>,
      dy: Float64Array,
      attributes: A,
    ) => Partial<Record<I, ArrayLike<number>>>;
    step?: number;
    tolerance?: number;
  },
): void {
  describe(`${name}: reference gradient against central differences`, () => {
    it.each(test.cases)('$name', ({ inputs, attributes, of }) => {
      const copy = Object.fromEntries(
        Object.entries<TestTensor>(inputs).map(([key, t]) => [
          key,
          { shape: t.shape, data: Float64Array.from(t.data) },
        ]),
      ) as Record<I, { shape: readonly number[]; data: Float64Array }>;
      const y = test.forward(copy, attributes);
      const dy = uniform(y.length, 99);
      const gradients = test.backward(copy, dy, attributes);
      const step = test.step ?? 1e-5;
      const loss = () => {
        const out = test.forward(copy, attributes);
        let sum = 0;
        for (let i = 0; i < out.length; i++) sum += out[i] * dy[i];
        return sum;
      };
      for (const key of of ?? (Object.keys(copy) as I[])) {
        const gradient = gradients[key];
        if (!gradient) throw new Error(`no gradient for ${key}`);
        const { data } = copy[key];
        expect(gradient.length).toBe(data.length);
        // At most 64 elements, spread over the tensor.
        const stride = Math.max(1, Math.floor(data.length / 64));
        for (let i = 0; i < data.length; i += stride) {
          const x = data[i];
          data[i] = x + step;
          const above = loss();
          data[i] = x - step;
          const below = loss();
          data[i] = x;
          const numeric = (above - below) / (2 * step);
          const allowed = (test.tolerance ?? 1e-6) * Math.max(1, Math.abs(numeric));
          if (!(Math.abs(numeric - gradient[i]) <= allowed)) {
            throw new Error(`d${key}[${i}] = ${gradient[i]}, central difference ${numeric}`);
          }
        }
      }
    });
  });
}
