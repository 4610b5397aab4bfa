import type { Kernel, TensorSpec } from '../../src/kernels/kernel';

/** One kernel at one shape. The runner fills inputs and in-place buffers with random numbers. */
export interface BenchCase {
  name: string;
  kernel: Kernel;
  inputs: Record<string, TensorSpec>;
  attributes?: unknown;
}
