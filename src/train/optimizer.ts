import { cpuLanes, f32 } from '../kernels/kernel';
import { adagrad, adam, clipGradNorm, ema, sgd, sumOfSquares } from '../kernels/optimizer';
import type { ParameterArena } from '../nn/parameters';
import type { Tape } from '../tape/tape';
import { state, type Value } from '../tape/value';
import type { OptimizerConfig } from './config';

/**
 * Appends the optimizer: the gradient's norm, the scale that clips it (and that is 0 from the first step
 * whose gradient is not finite, so that the last good weights stay), and one update of the flat buffer.
 * @param made the state of another tape over the same parameters, to share
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
  made: Record<string, Value> = {},
): Record<string, Value> {
  const { weightDecay, momentum = 0.9, nesterov = true, betas: [beta1, beta2] = [] } = config;
  const { dampening, rateDecay } = config;
  const threads = cpuLanes(tape.capabilities);
  const scale = state('gradient scale', f32([1]));
  const moment = (name: string) => made[name] ?? state(name, f32(parameters.shape));
  const { partials } = tape.dispatch(sumOfSquares, { gradient: gradient! }, { threads });
  tape.dispatch(
    clipGradNorm,
    { partials, step, scale, first_bad_step },
    { maxNorm: config.clipNorm || Infinity },
  );
  const inputs = { gradient: gradient!, scale, step, parameters };
  if (config.name === 'sgd') {
    const velocity = moment('velocity');
    const attributes = { weightDecay, decayLength, momentum, dampening, nesterov };
    tape.dispatch(sgd, { ...inputs, velocity }, attributes);
    return { velocity };
  }
  if (config.name === 'adagrad') {
    const sum = moment('sum');
    const attributes = { weightDecay, decayLength, epsilon: config.eps, rateDecay };
    tape.dispatch(adagrad, { ...inputs, sum }, attributes);
    return { sum };
  }
  const m = moment('m');
  const v = moment('v');
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

/**
 * Appends the moving averages of parameters and running statistics. They begin with zeros, so that after t steps
 * they are too small by the factor 1 - decay^t.
 * @returns the state that a checkpoint must hold
 */
export function average(
  tape: Tape,
  values: { parameters: Value; statistics: Value },
  decay: number,
  made: Record<string, Value> = {},
): Record<'average_parameters' | 'average_statistics', Value> {
  const of = (name: keyof typeof values) => {
    const key = `average_${name}`;
    const average = made[key] ?? state(key, f32(values[name].shape));
    if (values[name].shape[0] > 0)
      tape.dispatch(ema, { parameters: values[name], average }, { decay });
    return average;
  };
  return { average_parameters: of('parameters'), average_statistics: of('statistics') };
}
