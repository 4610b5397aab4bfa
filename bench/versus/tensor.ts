import { size } from '../../src/kernels/kernel';
import { randomUniform } from '../../src/kernels/random';

/** Numbers with a shape, dense, in PyTorch's order of axes. */
export interface Tensor {
  shape: readonly number[];
  data: Float32Array;
}

/** Uniform in [-bound, bound), the same for the same seed on every machine. */
export function uniformTensor(seed: number, shape: readonly number[], bound = 1): Tensor {
  const data = new Float32Array(size(shape));
  for (let i = 0; i < data.length; i++) data[i] = (randomUniform(seed, 0, 0, i) * 2 - 1) * bound;
  return { shape, data };
}

export function filledTensor(shape: readonly number[], value: number): Tensor {
  return { shape, data: new Float32Array(size(shape)).fill(value) };
}

/** The tensor with its axes in another order: `order[i]` is the old place of the new axis i. */
export function permute({ shape, data }: Tensor, order: readonly number[]): Tensor {
  const strides = shape.map((_, axis) => size(shape.slice(axis + 1)));
  const to = order.map((axis) => shape[axis]);
  const steps = order.map((axis) => strides[axis]);
  const result = new Float32Array(data.length);
  const index = to.map(() => 0);
  let from = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = data[from];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += steps[axis];
      if (++index[axis] < to[axis]) break;
      from -= steps[axis] * to[axis];
      index[axis] = 0;
    }
  }
  return { shape: to, data: result };
}
