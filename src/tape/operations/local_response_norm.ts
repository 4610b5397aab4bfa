import { fill } from '../../kernels/copy';
import { size as elements } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { affine, div, pow, square } from './elementwise';
import { avgPool2d } from './pool2d';
import { reshape } from './reshape';

export interface LocalResponseNormAttributes {
  /** Channels that are seen together. */
  size: number;
  /** Default 1e-4. */
  alpha?: number;
  /** Default 0.75. */
  beta?: number;
  /** Default 1. */
  k?: number;
}

/**
 * AlexNet's (PyTorch's): x [N, C, ...] / (k + alpha * mean of x^2 over `size` neighbouring channels)^beta. Channels outside
 * count as zeros; of an even size one more lies before than behind.
 */
export const localResponseNorm = defineOperation({
  name: 'local_response_norm',
  composite: true,
  forward(
    tape: Tape,
    { x }: Record<'x', Value>,
    { size, alpha = 1e-4, beta = 0.75, k = 1 }: LocalResponseNormAttributes,
  ): Record<'y', Value> {
    const view = (value: Value, shape: readonly number[]) =>
      tape.apply(reshape, { x: value }, { shape }).y;
    // Channels as rows: the mean is an average pool over a column of `size`.
    const [N, C] = x.shape;
    const planes = view(tape.apply(square, { x }).y, [N, 1, C, elements(x.shape.slice(2))]);
    const { y: mean } = tape.apply(
      avgPool2d,
      { x: planes },
      {
        kernel: [size, 1],
        stride: 1,
        padding: [Math.floor(size / 2), 0, Math.floor((size - 1) / 2), 0],
        divisor: size,
      },
    );
    const base = tape.apply(affine, { x: view(mean, x.shape) }, { scale: alpha, shift: k }).y;
    const exponent = tape.dispatch(fill, {}, { shape: [], value: beta }).y;
    return tape.apply(div, { a: x, b: tape.apply(pow, { a: base, b: exponent }).y });
  },
});
