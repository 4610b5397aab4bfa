import { cpuLanes, f32 } from '../kernels/kernel';
import { adagrad, adam, clipGradNorm, sgd, sumOfSquares } from '../kernels/optimizer';
import type { ParameterArena } from '../nn/parameters';
import type { Tape } from '../tape/tape';
import { state, type Value } from '../tape/value';
import type { OptimizerConfig } from './config';

/**
 * Appends the optimizer: the gradient's norm, the scale that clips it (and that is 0 from the first step
 * whose gradient is not finite, so that the last good weights stay), and one update of the flat buffer.
 * @returns the state that a checkpoint must hold
 */
export function optimize(
  tape: Tape,
  {
    flat: parameters,
    gradient,
    decayLength,
  }: Pick<ParameterArena, 'flat' | 'gradient' | 'decayLength'>,
  config: OptimizerConfig,
  step: Value,
  first_bad_step: Value,
): Record<string, Value> {
  const { weightDecay, momentum = 0.9, nesterov = true, betas: [beta1, beta2] = [] } = config;
  const { dampening, rateDecay } = config;
  const threads = cpuLanes(tape.capabilities);
  const scale = state('gradient scale', f32([1]));
  const { partials } = tape.dispatch(sumOfSquares, { gradient: gradient! }, { threads });
  tape.dispatch(
    clipGradNorm,
    { partials, step, scale, first_bad_step },
    { maxNorm: config.clipNorm || Infinity },
  );
  const inputs = { gradient: gradient!, scale, step, parameters };
  if (config.name === 'sgd') {
    const velocity = state('velocity', f32(parameters.shape));
    const attributes = { weightDecay, decayLength, momentum, dampening, nesterov };
    tape.dispatch(sgd, { ...inputs, velocity }, attributes);
    return { velocity };
  }
  if (config.name === 'adagrad') {
    const sum = state('sum', f32(parameters.shape));
    const attributes = { weightDecay, decayLength, epsilon: config.eps, rateDecay };
    tape.dispatch(adagrad, { ...inputs, sum }, attributes);
    return { sum };
  }
  const m = state('m', f32(parameters.shape));
  const v = state('v', f32(parameters.shape));
  tape.dispatch(
    adam,
    { ...inputs, m, v },
    {
      weightDecay,
      decayLength,
      beta1,
      beta2,
      epsilon: config.eps,
      decoupled: config.name === 'adamw',
    },
  );
  return { m, v };
}
