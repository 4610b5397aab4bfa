import { FacegradError } from '../../gpu/errors';
import {
  bnReluPoolBackward,
  bnReluPoolForward,
  bnReluPoolInference,
} from '../../kernels/bn_relu_pool';
import { works } from '../../kernels/fast';
import { cpuLanes } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { batchNormStreams, type BatchNormAttributes } from './batch_norm';
import { maxPool } from './max_pool';
import { relu } from './relu';

type Names = 'x' | 'gamma' | 'beta' | 'running_mean' | 'running_var';
/** What training keeps for the gradient. */
type Kept = 'winner' | 'moments';

const inParts = (tape: Tape) => tape.plain || !works(tape.capabilities, 'bn_relu_pool');

/** y = maxpool2x2(relu(batchnorm(x))), x [G, N, C, H, W], parameters and statistics [G, C]. */
export const bnReluPool = defineOperation({
  name: 'bn_relu_pool',
  layouts: 'writes',
  composite: inParts,
  forward(
    tape: Tape,
    { x, gamma, beta, running_mean, running_var }: Record<Names, Value>,
    { training, eps = 1e-5, momentum = 0.1, layout }: BatchNormAttributes,
  ): Record<'y' | Kept, Value> {
    if (inParts(tape)) {
      const norm = { x, gamma, beta, running_mean, running_var };
      const { y: z } = tape.apply(batchNormStreams, norm, { training, eps, momentum });
      const { y: open } = tape.apply(relu, { x: z });
      const { y } = tape.apply(maxPool, { x: open }, { window: 2, layout });
      return { y } as Record<'y' | Kept, Value>; // they keep what they need themselves
    }
    if (!training) {
      const { y } = tape.dispatch(
        bnReluPoolInference,
        { x, running_mean, running_var, gamma, beta },
        { eps, layout },
      );
      return { y } as Record<'y' | Kept, Value>; // nothing is kept, as there is no gradient
    }
    const { y, winner, moments } = tape.dispatch(
      bnReluPoolForward,
      { x, gamma, beta, running_mean, running_var },
      { eps, momentum, layout, threads: cpuLanes(tape.capabilities) },
    );
    return { y, winner, moments };
  },
  backward(
    tape,
    { inputs: { x, gamma, beta }, outputs: { winner, moments }, attributes, dy },
  ): Partial<Record<Names, Value>> {
    if (!dy.y) return {};
    if (!attributes.training) {
      throw new FacegradError('bad-input', 'bn_relu_pool has no gradient outside training');
    }
    const { dx, dgamma, dbeta } = tape.dispatch(
      bnReluPoolBackward,
      {
        x,
        winner,
        dy: dy.y,
        moments,
        gamma,
        dgamma: tape.destination(gamma),
        dbeta: tape.destination(beta),
        dx: tape.destination(x),
      },
      { layout: x.gradientLayout, threads: cpuLanes(tape.capabilities) },
    );
    return { x: dx, gamma: dgamma, beta: dbeta };
  },
});
