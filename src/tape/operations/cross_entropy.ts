import {
  crossEntropyBackward,
  crossEntropyForward,
  crossEntropyReduce,
  type CrossEntropyAttributes,
  type Reduction,
} from '../../kernels/cross_entropy';
import { defineOperation } from '../tape';
import type { Value } from '../value';
import { classAxis } from './class_axis';

export interface LossAttributes {
  /** Default `mean`. */
  reduction?: Reduction;
  /** Of the classes; by default the second or the last, whichever the labels fit. */
  axis?: number;
  /** Samples of this label count for nothing; default -100. */
  ignoreIndex?: number;
  /** Share of the target that is spread evenly over the classes. */
  smoothing?: number;
}

export interface Inputs {
  /** [N, C, ...] or [N, ..., C] */
  x: Value;
  /** u32 or i32 [N, ...] */
  labels: Value;
  /** [C], by default all 1. */
  weight?: Value;
}

function define(name: string, logSoftmax: boolean) {
  const kernelAttributes = (
    { x, labels, weight }: Inputs,
    a: LossAttributes,
  ): CrossEntropyAttributes => ({
    logSoftmax,
    axis: classAxis(name, x.shape, labels.shape, a.axis),
    hasWeight: weight !== undefined,
    ignoreIndex: a.ignoreIndex,
    smoothing: a.smoothing,
  });
  return defineOperation({
    name,
    forward(tape, inputs: Inputs, attributes: LossAttributes) {
      const { x, labels, weight = x } = inputs; // something must be bound
      const { reduction = 'mean' } = attributes;
      const each = tape.dispatch(
        crossEntropyForward,
        { x, labels, weight },
        kernelAttributes(inputs, attributes),
      );
      const { loss, share, log_prob } = each;
      if (reduction === 'none') return { loss, log_prob, divisor: loss };
      const mean = reduction === 'mean';
      const { y, divisor } = tape.dispatch(crossEntropyReduce, { loss, share }, { mean });
      return { loss: y, log_prob, divisor };
    },
    backward(tape, { inputs, outputs: { log_prob, divisor }, attributes, dy }) {
      const { x, labels, weight = x } = inputs;
      if (!tape.needsGradient(x) || !dy.loss) return {};
      const reduced = (attributes.reduction ?? 'mean') !== 'none';
      return {
        x: tape.dispatch(
          crossEntropyBackward,
          { log_prob, labels, weight, dy: dy.loss, divisor, dx: tape.destination(x) },
          { ...kernelAttributes(inputs, attributes), reduced },
        ).dx,
      };
    },
  });
}

/** PyTorch's cross_entropy of scores x [N, C, ...]; also gives log_prob, which carries no gradient. */
export const crossEntropy = define('cross_entropy', true);

/** PyTorch's nll_loss of log-probabilities x [N, C, ...]. */
export const nllLoss = define('nll_loss', false);
