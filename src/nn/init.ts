import { randomUniform } from '../kernels/random';

/** How a parameter begins: fills `target` from a seed and the parameter's number. */
export type Init = (target: Float32Array, seed: number, parameter: number) => void;

export const zeros: Init = (target) => void target.fill(0);
export const ones: Init = (target) => void target.fill(1);

/** U(-bound, bound). PyTorch's default for Conv2d and Linear has bound 1 / sqrt(fan_in). */
export function uniform(bound: number): Init {
  return (target, seed, parameter) => {
    for (let i = 0; i < target.length; i++) {
      target[i] = (randomUniform(seed, 0, parameter, i) * 2 - 1) * bound;
    }
  };
}

/** LSTM bias_ih: U(-bound, bound) with the forget gate (the second of four) at 1, so that a new cell remembers. */
export function forgetOne(bound: number): Init {
  const fill = uniform(bound);
  return (target, seed, parameter) => {
    fill(target, seed, parameter);
    target.fill(1, target.length / 4, target.length / 2);
  };
}
