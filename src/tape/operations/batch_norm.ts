import { FacegradError } from '../../gpu/errors';
import {
  batchNormBackwardInput,
  batchNormBackwardReduce,
  batchNormForward,
  batchNormInference,
  batchNormStatistics,
} from '../../kernels/batch_norm';
import type { Layout } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

export interface BatchNormAttributes {
  /** By the batch's statistics, which also move the running ones; else by the running ones. */
  training: boolean;
  eps?: number;
  momentum?: number;
  /** Physical layout of y; dense by default. */
  layout?: Layout;
}

type Names = 'x' | 'gamma' | 'beta' | 'running_mean' | 'running_var';
/** What training keeps for the gradient. */
type Kept = 'mean' | 'rstd';

/** y = gamma * (x - mean) / sqrt(variance + eps) + beta; x [G, N, C, H, W], the others [G, C]. */
export const batchNormStreams = defineOperation({
  name: 'batch_norm',
  layouts: 'writes',
  forward(
    tape: Tape,
    { x, gamma, beta, running_mean, running_var }: Record<Names, Value>,
    { training, eps = 1e-5, momentum = 0.1, layout }: BatchNormAttributes,
  ): Record<'y' | Kept, Value> {
    if (!training) {
      const { y } = tape.dispatch(
        batchNormInference,
        { x, running_mean, running_var, gamma, beta },
        { eps, layout },
      );
      return { y } as Record<'y' | Kept, Value>; // nothing is kept, as there is no gradient
    }
    const { mean, rstd } = tape.dispatch(
      batchNormStatistics,
      { x, running_mean, running_var },
      { eps, momentum },
    );
    const { y } = tape.dispatch(batchNormForward, { x, mean, rstd, gamma, beta }, { layout });
    return { y, mean, rstd };
  },
  backward(
    tape,
    { inputs: { x, gamma, beta }, outputs: { mean, rstd }, attributes, dy },
  ): Partial<Record<Names, Value>> {
    if (!dy.y) return {};
    if (!attributes.training) {
      throw new FacegradError('bad-input', 'batch_norm has no gradient outside training');
    }
    const { dgamma, dbeta } = tape.dispatch(batchNormBackwardReduce, {
      x,
      dy: dy.y,
      mean,
      rstd,
      dgamma: tape.destination(gamma),
      dbeta: tape.destination(beta),
    });
    if (!tape.needsGradient(x)) return { gamma: dgamma, beta: dbeta };
    const { dx } = tape.dispatch(
      batchNormBackwardInput,
      { x, dy: dy.y, mean, rstd, gamma, dgamma, dbeta, dx: tape.destination(x) },
      { layout: x.gradientLayout },
    );
    return { x: dx, gamma: dgamma, beta: dbeta };
  },
});
