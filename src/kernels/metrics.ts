import accumulateShader from '../../shaders/metrics/accumulate.wgsl';
import { defineKernel, size, type TensorSpec } from './kernel';

type Input = 'loss' | 'logits' | 'labels' | 'step' | 'totals' | 'first_bad_step';

/**
 * Adds a batch to totals f32 [4] (mean losses, steps, correct, samples; exact up to 2^24 samples), and puts the number of the first step whose numbers are
 * not finite into first_bad_step u32 [1], all in place.
 */
export const accumulateMetrics = defineKernel({
  name: 'metrics.accumulate',
  shader: accumulateShader,
  outputs: ({ totals, first_bad_step }: Record<Input, TensorSpec>) => ({ totals, first_bad_step }),
  params: ({ logits }) => {
    const classes = logits.shape[logits.shape.length - 1];
    return { samples: size(logits.shape) / classes, classes };
  },
  workgroups: () => [1, 1, 1],
  flops: ({ logits }) => 2 * size(logits.shape),
});
