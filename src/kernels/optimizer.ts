import adagradShader from '../../shaders/optimizer/adagrad.wgsl';
import adamShader from '../../shaders/optimizer/adam.wgsl';
import clipShader from '../../shaders/optimizer/clip_grad_norm.wgsl';
import emaShader from '../../shaders/optimizer/ema.wgsl';
import sgdShader from '../../shaders/optimizer/sgd.wgsl';
import sumOfSquaresShader from '../../shaders/optimizer/sum_of_squares.wgsl';
import { defineKernel, f32, linear, size, type Gathered, type TensorSpec } from './kernel';

/** Weight decay, for the first `decayLength` parameters; by default all. */
export interface DecayAttributes {
  weightDecay?: number;
  decayLength?: number;
}

/** Defaults are PyTorch's: betas 0.9 and 0.999, epsilon 1e-8. `decoupled` makes it AdamW. */
export interface AdamAttributes extends DecayAttributes {
  beta1?: number;
  beta2?: number;
  epsilon?: number;
  decoupled?: boolean;
}

export interface SgdAttributes extends DecayAttributes {
  momentum?: number;
  /** Share of the gradient that the velocity does not take. */
  dampening?: number;
  nesterov?: boolean;
}

/** Defaults are PyTorch's: epsilon 1e-10, no decay of the rate. */
export interface AdagradAttributes extends DecayAttributes {
  epsilon?: number;
  /** The rate of step t is divided by 1 + (t - 1) * rateDecay. */
  rateDecay?: number;
}

const decay = (parameters: TensorSpec, { weightDecay, decayLength }: DecayAttributes) => ({
  length: size(parameters.shape),
  decay_length: decayLength ?? size(parameters.shape),
  weight_decay: weightDecay ?? 0,
});

/** Parameters of a thread: ROUNDS of the shader. */
const ADAM_ROUNDS = 8;

type AdamInput = 'gradient' | 'scale' | 'step' | 'parameters' | 'm' | 'v';

/**
 * A step of Adam or AdamW, in place, over flat parameters and their moments m and v (zeros at first).
 * Number and learning rate come from `step`. A `scale` of 0 leaves the step out.
 */
export const adam = defineKernel({
  name: 'optimizer.adam',
  shader: adamShader,
  outputs: ({ parameters, m, v }: Record<AdamInput, TensorSpec>, _: AdamAttributes) => ({
    parameters,
    m,
    v,
  }),
  params: ({ parameters }, attributes) => {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = attributes;
    return {
      ...decay(parameters, attributes),
      epsilon,
      rate1: 1 - beta1,
      rate2: 1 - beta2,
      // exp(t * this) is beta^t; of beta = 0 it is 0 all the same.
      log_beta1: Math.max(-1e4, Math.log(beta1)),
      log_beta2: Math.max(-1e4, Math.log(beta2)),
    };
  },
  overrides: (_, { decoupled }) => ({ DECOUPLED: decoupled ? 1 : 0 }),
  workgroups: ({ parameters }) => linear(size(parameters.shape), 64 * ADAM_ROUNDS),
  flops: ({ parameters }) => 16 * size(parameters.shape),
});

type SgdInput = 'gradient' | 'scale' | 'step' | 'parameters' | 'velocity';

/** A step of gradient descent with momentum, in place, over flat parameters and their velocity. */
export const sgd = defineKernel({
  name: 'optimizer.sgd',
  shader: sgdShader,
  outputs: ({ parameters, velocity }: Record<SgdInput, TensorSpec>, _: SgdAttributes) => ({
    parameters,
    velocity,
  }),
  params: ({ parameters }, attributes) => ({
    ...decay(parameters, attributes),
    momentum: attributes.momentum ?? 0,
    dampening: attributes.momentum ? (attributes.dampening ?? 0) : 0, // without a velocity nothing is damped
  }),
  overrides: (_, { nesterov }) => ({ NESTEROV: nesterov ? 1 : 0 }),
  workgroups: ({ parameters }) => linear(size(parameters.shape), 64),
  flops: ({ parameters }) => 7 * size(parameters.shape),
});

type AdagradInput = 'gradient' | 'scale' | 'step' | 'parameters' | 'sum';

/** A step of Adagrad, in place, over flat parameters and the sums of their squared gradients. */
export const adagrad = defineKernel({
  name: 'optimizer.adagrad',
  shader: adagradShader,
  outputs: ({ parameters, sum }: Record<AdagradInput, TensorSpec>, _: AdagradAttributes) => ({
    parameters,
    sum,
  }),
  params: ({ parameters }, attributes) => ({
    ...decay(parameters, attributes),
    epsilon: attributes.epsilon ?? 1e-10,
    rate_decay: attributes.rateDecay ?? 0,
  }),
  workgroups: ({ parameters }) => linear(size(parameters.shape), 64),
  flops: ({ parameters }) => 8 * size(parameters.shape),
});

/** average += (1 - decay) * (parameters - average), in place. */
export const ema = defineKernel({
  name: 'optimizer.ema',
  shader: emaShader,
  outputs: ({ average }: Record<'parameters' | 'average', TensorSpec>, _: { decay: number }) => ({
    average,
  }),
  params: ({ parameters }, { decay }) => ({ length: size(parameters.shape), rate: 1 - decay }),
  workgroups: ({ parameters }) => linear(size(parameters.shape), 64),
  flops: ({ parameters }) => 3 * size(parameters.shape),
});

/** Elements that a workgroup of `sumOfSquares` adds up. */
const CHUNK = 4096;

/** For every chunk of the gradient its largest |g| and the sum of (g / largest)^2. */
export const sumOfSquares = defineKernel({
  name: 'optimizer.sum_of_squares',
  shader: sumOfSquaresShader,
  outputs: ({ gradient }: Record<'gradient', TensorSpec>, _: Gathered | undefined) => ({
    partials: f32([Math.ceil(size(gradient.shape) / CHUNK), 2]),
  }),
  params: ({ gradient }) => ({ length: size(gradient.shape) }),
  overrides: (_, attributes) => ({ WORKGROUP_SIZE: attributes?.threads ?? 64 }),
  workgroups: ({ gradient }) => linear(size(gradient.shape), CHUNK),
  flops: ({ gradient }) => 4 * size(gradient.shape),
});

type ClipInput = 'partials' | 'step' | 'scale' | 'first_bad_step';

/**
 * norm f32 [1], and in place scale f32 [1] = min(1, maxNorm / (norm + 1e-6)). A norm that is not finite
 * sets first_bad_step u32 [1], and while that is set the scale is 0. `maxNorm: Infinity` only guards.
 */
export const clipGradNorm = defineKernel({
  name: 'optimizer.clip_grad_norm',
  shader: clipShader,
  outputs: ({ scale, first_bad_step }: Record<ClipInput, TensorSpec>, _: { maxNorm: number }) => ({
    scale,
    norm: f32([1]),
    first_bad_step,
  }),
  params: ({ partials }, { maxNorm }) => ({
    chunks: partials.shape[0],
    max_norm: Math.min(maxNorm, 3.4e38),
  }),
  workgroups: () => [1, 1, 1],
  flops: ({ partials }) => 4 * partials.shape[0],
});
