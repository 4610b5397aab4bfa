import forwardShader from '../../shaders/focal_loss/forward.wgsl';
import scaleShader from '../../shaders/focal_loss/scale.wgsl';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

/** gamma 0 is cross-entropy; `smoothing` is the share of the target spread evenly over the classes. */
export interface FocalLossAttributes {
  gamma: number;
  smoothing?: number;
  /** Samples whose class has a probability below it count as with gamma 0. Default 0: none. */
  threshold?: number;
  /** Whether the losses add up to the mean (default), or to the sum. */
  mean?: boolean;
  /** Whether `alpha` is given (default); where not, it may be any buffer. */
  hasAlpha?: boolean;
}

/** The label of a sample that has none: no loss, no gradient, not counted. */
export const ABSENT = 0xffffffff;

/**
 * Loss per sample, whose sum is the mean over the labelled samples, and the gradient of that mean.
 * logits [..., K], labels u32 [...], alpha [K] -> loss [...], dlogits [..., K].
 */
export const focalLoss = defineKernel({
  name: 'focal_loss.forward',
  shader: forwardShader,
  outputs: (
    { logits }: Record<'logits' | 'labels' | 'alpha', TensorSpec>,
    _: FocalLossAttributes,
  ) => ({ loss: f32(logits.shape.slice(0, -1)), dlogits: f32(logits.shape) }),
  params: ({ logits }, { gamma, smoothing = 0, threshold = 0 }) => {
    const classes = logits.shape[logits.shape.length - 1];
    return { samples: size(logits.shape) / classes, classes, gamma, smoothing, threshold };
  },
  overrides: (_, { mean, hasAlpha }) => ({
    MEAN: Number(mean ?? true),
    HAS_ALPHA: Number(hasAlpha ?? true),
  }),
  workgroups: ({ logits }) => [Math.ceil(size(logits.shape.slice(0, -1)) / 64), 1, 1],
  flops: ({ logits }) => 12 * size(logits.shape),
});

/** dx = dlogits dy: what the kernel above found, times what comes from behind it, per sample or (`reduced`) one for all. */
export const focalLossScale = defineKernel({
  name: 'focal_loss.scale',
  shader: scaleShader,
  outputs: ({ dlogits }: Record<'dlogits' | 'dy', TensorSpec>, _: { reduced: boolean }) => ({
    dx: dlogits,
  }),
  params: ({ dlogits: { shape } }) => ({ length: size(shape), classes: shape[shape.length - 1] }),
  overrides: (_, { reduced }) => ({ REDUCED: Number(reduced) }),
  workgroups: ({ dlogits }) => linear(size(dlogits.shape), 64),
  flops: ({ dlogits }) => size(dlogits.shape),
});
