import { crossEntropyReduce, type Reduction } from '../../kernels/cross_entropy';
import { focalLossScale, focalLoss as kernel } from '../../kernels/focal_loss';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { classAxis } from './class_axis';
import { transpose } from './copy';

export interface Inputs {
  /** [..., K, ...] */
  logits: Value;
  /** u32 [...] */
  labels: Value;
  /** [K], by default all 1. */
  alpha?: Value;
}

export interface Attributes {
  /** Default 2; 0 is cross-entropy. */
  gamma?: number;
  smoothing?: number;
  /** Samples whose class has a probability below it count as with gamma 0. Default 0: none. */
  threshold?: number;
  /** Of the classes; by default the second or the last, whichever the labels fit. */
  axis?: number;
  /** `mean` (default) is over the labelled samples, whatever their alpha. */
  reduction?: Reduction;
}

/** With the classes on the last axis, as the kernel has them. */
const lastAxis = defineOperation({
  name: 'focal_loss',
  forward(
    tape,
    inputs: Inputs,
    { gamma = 2, smoothing, threshold, reduction = 'mean' }: Attributes,
  ) {
    const { logits, labels, alpha } = inputs;
    const { loss, dlogits } = tape.dispatch(
      kernel,
      { logits, labels, alpha: alpha ?? logits.standIn },
      { gamma, smoothing, threshold, mean: reduction === 'mean', hasAlpha: alpha !== undefined },
    );
    if (reduction === 'none') return { loss, dlogits };
    const { y } = tape.dispatch(crossEntropyReduce, { loss, share: loss }, { mean: false });
    return { loss: y, dlogits };
  },
  backward(tape, { inputs: { logits }, outputs: { dlogits }, attributes: { reduction }, dy }) {
    if (!tape.needsGradient(logits) || !dy.loss) return {};
    return {
      logits: tape.dispatch(
        focalLossScale,
        { dlogits, dy: dy.loss, dx: tape.destination(logits) },
        { reduced: reduction !== 'none' },
      ).dx,
    };
  },
});

/** The focal loss as a part of a larger one: with reductions, and a gradient that is taken times what comes. */
export const focalLoss = defineOperation({
  name: 'focal_loss',
  composite: true,
  forward(
    tape: Tape,
    inputs: Inputs,
    { axis, ...attributes }: Attributes = {},
  ): Record<'loss' | 'dlogits', Value> {
    const { logits: x, labels } = inputs;
    const classes = classAxis('focal_loss', x.shape, labels.shape, axis);
    const last = x.shape.length - 1;
    if (classes === last) return tape.apply(lastAxis, inputs, attributes);
    const axes = [...x.shape.keys()].filter((k) => k !== classes);
    const { y: logits } = tape.apply(transpose, { x }, { axes: [...axes, classes] });
    return tape.apply(lastAxis, { ...inputs, logits }, attributes);
  },
});
