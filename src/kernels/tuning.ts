import type { TensorSpec } from './kernel';
import type { WinogradTile } from './winograd';

/** How one convolution runs, where a search found better than the usual choice. */
export interface ConvChoice {
  variant: 'tiled' | 'subgroup' | 'winograd';
  /** Parts of the weight gradient's sum. */
  parts?: number;
  workgroupSize?: number;
  /** Outputs of a Winograd tile in a row. */
  tile?: WinogradTile;
}

/**
 * What `npm run tune` found on an adapter. It is part of a training configuration, and so of every
 * checkpoint: a run that goes on runs the same kernels.
 */
export interface Tuning {
  /** Where it was measured; it works everywhere. */
  adapter: string;
  /** By `convKey`. */
  conv5x5: Record<string, ConvChoice>;
  /**
   * Whatever else is said here, `plain`: the readable kernels wherever there are faster ones; `direct`: no
   * Winograd, so that every convolution adds up its products one by one.
   */
  kernels?: 'plain' | 'direct';
}

/** The readable kernels everywhere: for comparison, and for finding out which kernel is wrong. */
export const PLAIN: Tuning = { adapter: 'any', conv5x5: {}, kernels: 'plain' };

/** No Winograd: for comparison, and where the last digits matter. */
export const DIRECT: Tuning = { adapter: 'any', conv5x5: {}, kernels: 'direct' };

export type ConvPass = 'forward' | 'backward_input' | 'backward_weight';

/** @param read what the pass reads: x, or dy for the gradient of x */
export function convKey(pass: ConvPass, read: TensorSpec, outputs: number): string {
  return `${pass} ${read.shape.join('x')}->${outputs}`;
}
