import type { Capabilities } from '../gpu/device';

/** Ways of a 5x5 convolution that are faster than the readable one. */
export type FastConv5x5Variant = 'tiled' | 'subgroup' | 'winograd';
/** Convolutions that have tuned kernels of their own. */
export type ConvKind = '1x1' | '3x3' | '5x5' | 'depthwise';

/** Kernels that are faster than the readable ones, a family and what it takes: what an adapter may get wrong. */
export type FastKernels =
  | `conv5x5 ${FastConv5x5Variant}`
  | `conv ${ConvKind} ${'tiled' | 'subgroup'}`
  | 'conv 3x3 winograd'
  | 'matrix product subgroup'
  | 'max_pool 2x2'
  | 'bn_relu_pool';

/** Whether kernels may be taken unasked: a check of the adapter may have left them out. */
export const works = (capabilities: Pick<Capabilities, 'leftOut'> | undefined, fast: FastKernels) =>
  !capabilities?.leftOut?.has(fast);
