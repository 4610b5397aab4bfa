import forwardShader from '../../shaders/focal_loss/forward.wgsl';
import { defineKernel, f32, size, type TensorSpec } from './kernel';

/** gamma 0 is cross-entropy; `smoothing` is the share of the target spread evenly over the classes. */
export interface FocalLossAttributes {
  gamma: number;
  smoothing?: number;
}

/** The label of a sample that has none: no loss, no gradient, not counted. */
export const ABSENT_LABEL = 0xffffffff;

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
  params: ({ logits }, { gamma, smoothing }) => {
    const classes = logits.shape[logits.shape.length - 1];
    return { samples: size(logits.shape) / classes, classes, gamma, smoothing: smoothing ?? 0 };
  },
  workgroups: ({ logits }) => [Math.ceil(size(logits.shape.slice(0, -1)) / 64), 1, 1],
  flops: ({ logits }) => 12 * size(logits.shape),
});
