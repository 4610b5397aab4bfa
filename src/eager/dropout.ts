/** Dropout of one call: what a step's state buffer says in a plan are attributes here. */
import type { Gpu } from '../gpu/device';
import { FacegradError } from '../gpu/errors';
import { dropout as onTape } from '../tape/operations/dropout';
import { defineOperation } from '../tape/tape';
import type { Value } from '../tape/value';
import { eager } from './eager';
import type { HostInput, HostTensor, Tensor } from './tensor';

export interface DropoutSettings {
  /** Probability of 0, default 0.5; the others are larger by 1 / (1 - rate). */
  rate?: number;
  /** The same three numbers choose the same elements, backwards too. */
  seed?: number;
  step?: number;
  /** A number for each use within a step. */
  stream?: number;
}

const operation = /* @__PURE__ */ defineOperation({
  name: 'dropout',
  composite: true,
  forward(
    tape,
    { x, step }: Record<'x' | 'step', Value>,
    { rate, stream }: { rate: number; stream: number },
  ) {
    return tape.apply(onTape, { x }, { step, rate, stream });
  },
});
const call = /* @__PURE__ */ eager(operation, { x: 'f32', step: 'u32' });

type Input = Tensor | HostInput;
type Result<I, O extends string> = Promise<
  Record<O, [I] extends [{ x: HostInput }] ? HostTensor : Tensor>
>;

function settings({ rate = 0.5, seed = 0, step = 1, stream = 0 }: DropoutSettings) {
  if (!(rate >= 0 && rate < 1)) {
    throw new FacegradError('bad-input', `dropout: the rate must be in [0, 1), got ${rate}`, {
      operation: 'dropout',
      available: rate,
    });
  }
  return { state: { shape: [2], data: Uint32Array.of(seed, step) }, given: { rate, stream } };
}

export const dropout = /* @__PURE__ */ Object.assign(
  async <I extends { x: Input }>(
    gpu: Gpu,
    { x }: I,
    attributes: DropoutSettings = {},
  ): Result<I, 'y'> => {
    const { state, given } = settings(attributes);
    return (await call(gpu, { x, step: state }, given)) as Awaited<Result<I, 'y'>>;
  },
  {
    /** The gradient of x from that of y. */
    backward: async <I extends { x: Input }>(
      gpu: Gpu,
      { x }: I,
      dy: { y: Input },
      attributes: DropoutSettings = {},
    ): Result<I, 'x'> => {
      const { state, given } = settings(attributes);
      return (await call.backward(gpu, { x, step: state }, dy, given)) as Awaited<Result<I, 'x'>>;
    },
  },
);
