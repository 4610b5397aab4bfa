/** One step of an optimizer over flat parameters. Nothing is changed: the new tensors come back. */
import type { Gpu } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import type { Kernel } from '../kernels/kernel';
import * as kernels from '../kernels/optimizer';
import { defineOperation } from '../tape/tape';
import type { Value } from '../tape/value';
import { eager } from './eager';
import type { HostInput, HostTensor, Tensor } from './tensor';

/** What changes from step to step. */
export interface StepSettings {
  learningRate: number;
  /** From 1. Bias correction, the first step of a velocity and the decay of the rate depend on it. */
  step?: number;
  weightDecay?: number;
}

type Input = Tensor | HostInput;
type Given<S extends string> = { parameters: Input; gradient: Input } & { [K in S]?: Input };
/** Arrays from arrays alone, else tensors. */
type Results<I, S extends string> = Record<
  'parameters' | S,
  [I] extends [Record<keyof I, HostInput | undefined>] ? HostTensor : Tensor
>;

/** A function that makes one step; moments that are not given begin at 0. */
function optimizer<S extends string, A extends object>(
  name: string,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each optimizer has attributes of its own
  kernel: Kernel<any, any, any>,
  moments: readonly S[],
  fixed: object = {},
) {
  const operation = defineOperation({
    name,
    forward(tape, inputs: Record<string, Value>, attributes: object): Record<string, Value> {
      for (const key of ['gradient', ...moments]) {
        if (inputs[key].shape.join() === inputs.parameters.shape.join()) continue;
        throw new FacegradError(
          'bad-input',
          `${name}: ${key} is [${inputs[key].shape}], but the parameters are [${inputs.parameters.shape}]`,
          { operation: name, wanted: inputs.parameters.shape, available: inputs[key].shape },
        );
      }
      return tape.dispatch(kernel, inputs, attributes);
    },
  });
  const call = eager(operation, 'any');
  return async <I extends Given<S>>(
    gpu: Gpu,
    inputs: I,
    { learningRate, step = 1, ...attributes }: A & StepSettings,
  ): Promise<Results<I, S>> => {
    const refuse = (what: string, value: unknown): never => {
      const message = `${name}: ${what}, not ${String(value)}`;
      throw new FacegradError('bad-input', message, { operation: name, available: value });
    };
    if (!(Number.isInteger(step) && step >= 1))
      refuse('step must be a whole number of at least 1', step);
    for (const [key, value] of Object.entries(attributes)) {
      if (/^beta/.test(key) && !(Number(value) >= 0 && Number(value) < 1)) {
        refuse(`${key} must be in [0, 1)`, value);
      }
    }
    const words = Uint32Array.of(0, step, 0);
    new Float32Array(words.buffer)[2] = learningRate;
    const { shape } = inputs.parameters;
    const zeros = () => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) });
    const state = moments.map((key) => [key, inputs[key] ?? zeros()]);
    const all: Record<string, Input> = {
      parameters: inputs.parameters,
      gradient: inputs.gradient,
      scale: { shape: [1], data: Float32Array.of(1) },
      step: { shape: [3], data: words },
      ...Object.fromEntries(state),
    };
    const { parameters, ...updated } = await call(gpu, all, { ...attributes, ...fixed });
    return { parameters, ...updated } as unknown as Results<I, S>;
  };
}

type AdamSettings = Pick<kernels.AdamAttributes, 'beta1' | 'beta2' | 'epsilon'>;
type SgdSettings = Pick<kernels.SgdAttributes, 'momentum' | 'dampening' | 'nesterov'>;
type AdagradSettings = Pick<kernels.AdagradAttributes, 'epsilon' | 'rateDecay'>;

const M_V = ['m', 'v'] as const;

/** PyTorch's Adam: { parameters, gradient, m, v } -> { parameters, m, v }. */
export const adam = /* @__PURE__ */ optimizer<'m' | 'v', AdamSettings>('adam', kernels.adam, M_V);

/** As `adam`, with weight decay around the moments. */
export const adamW = /* @__PURE__ */ optimizer<'m' | 'v', AdamSettings>(
  'adamw',
  kernels.adam,
  M_V,
  { decoupled: true },
);

/** PyTorch's SGD: { parameters, gradient, velocity } -> { parameters, velocity }. */
export const sgd = /* @__PURE__ */ optimizer<'velocity', SgdSettings>('sgd', kernels.sgd, [
  'velocity',
]);

/** PyTorch's Adagrad: { parameters, gradient, sum } -> { parameters, sum }. */
export const adagrad = /* @__PURE__ */ optimizer<'sum', AdagradSettings>(
  'adagrad',
  kernels.adagrad,
  ['sum'],
);
