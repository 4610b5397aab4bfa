import { bordered, layoutOf } from '../kernels/kernel';
import { bnReluPool } from '../tape/operations/bn_relu_pool';
import { conv5x5, type ConvVariant, type FlippedWeights } from '../tape/operations/conv5x5';
import { dense, type Attributes as DenseAttributes } from '../tape/operations/dense';
import { lstm } from '../tape/operations/lstm';
import type { Tape } from '../tape/tape';
import type { Value } from '../tape/value';
import { forgetOne, ones, uniform, zeros } from './init';
import type { ParameterArena } from './parameters';

/** Where a layer declares what it owns. */
export interface Arenas {
  parameters: ParameterArena;
  /** Running statistics: saved with the weights, not trained. */
  statistics: ParameterArena;
}

/**
 * Convolution 5x5 'same' without bias, batch norm, ReLU, max-pool 2x2: one block of every stream.
 * x [G, N, C, H, W] with a border of 2 -> [G, N, O, H / 2, W / 2], bordered unless it is the last.
 */
export class ConvBlock {
  readonly #weight: Value;
  readonly #norm: Record<'gamma' | 'beta' | 'running_mean' | 'running_var', Value>;

  /**
   * @param name with `*` for the stream, as in `streams.*.block1`
   * @param flipped where the gradient of x finds the weights that it needs; the first block has none
   */
  constructor(
    { parameters, statistics }: Arenas,
    name: string,
    channels: number,
    readonly outputs: number,
    streams: readonly string[],
    readonly last: boolean,
    readonly variant: ConvVariant = 'auto',
    readonly flipped?: FlippedWeights,
  ) {
    const groups = streams.length;
    const bound = 1 / Math.sqrt(channels * 25);
    const shape = [groups, outputs];
    this.#weight = parameters.add(`${name}.conv.weight`, [groups, channels, 5, 5, outputs], {
      init: uniform(bound),
      decay: true,
      streams,
      order: 'conv',
    });
    flipped?.add(this.#weight);
    this.#norm = {
      gamma: parameters.add(`${name}.bn.weight`, shape, { init: ones, streams }),
      beta: parameters.add(`${name}.bn.bias`, shape, { init: zeros, streams }),
      running_mean: statistics.add(`${name}.bn.running_mean`, shape, { init: zeros, streams }),
      running_var: statistics.add(`${name}.bn.running_var`, shape, { init: ones, streams }),
    };
  }

  forward(tape: Tape, x: Value, training: boolean): Value {
    const { variant, flipped } = this;
    const { y } = tape.apply(conv5x5, { x, weight: this.#weight }, { variant, flipped });
    const width = Math.floor(x.shape[4] / 2);
    return tape.apply(
      bnReluPool,
      { x: y, ...this.#norm },
      {
        training,
        layout: this.last ? undefined : bordered(width),
        inputLayout: bordered(x.shape[4], layoutOf(x.spec).border),
      },
    ).y;
  }
}

/** y = x weight^T + bias, for every stream: x [G, N, K] -> [G, N, M]. */
export class Linear {
  readonly #weight: Value;
  readonly #bias: Value;

  constructor(
    { parameters }: Arenas,
    name: string,
    inputs: number,
    outputs: number,
    streams?: readonly string[],
  ) {
    const groups = streams?.length ?? 1;
    const init = uniform(1 / Math.sqrt(inputs));
    // Without streams the file's tensor is [M, K]: the axis G of length 1 is dropped there.
    const names = streams ?? [''];
    this.#weight = parameters.add(`${name}.weight`, [groups, outputs, inputs], {
      init,
      decay: true,
      streams: names,
    });
    this.#bias = parameters.add(`${name}.bias`, [groups, outputs], { init, streams: names });
  }

  /** @param behind what is done with y before it is stored */
  forward(tape: Tape, x: Value, behind: DenseAttributes = {}): Value {
    return tape.apply(dense, { x, weight: this.#weight, bias: this.#bias }, behind).y;
  }
}

/** State that an LSTM starts from, for one batch: h and c, [N, H]. */
export interface LstmState {
  h: Value;
  c: Value;
}

/** One LSTM layer, gates i f g o: x [T, N, I] -> outputs hs and the last state. */
export class LSTM {
  readonly #weights: Record<'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh', Value>;

  constructor(
    { parameters }: Arenas,
    name: string,
    inputs: number,
    readonly hidden: number,
  ) {
    const bound = 1 / Math.sqrt(hidden);
    const init = uniform(bound);
    const gates = 4 * hidden;
    this.#weights = {
      weight_ih: parameters.add(`${name}.weight_ih_l0`, [gates, inputs], { init, decay: true }),
      weight_hh: parameters.add(`${name}.weight_hh_l0`, [gates, hidden], { init, decay: true }),
      bias_ih: parameters.add(`${name}.bias_ih_l0`, [gates], { init: forgetOne(bound) }),
      bias_hh: parameters.add(`${name}.bias_hh_l0`, [gates], { init: zeros }),
    };
  }

  /**
   * @param start the state to begin with
   * @param options `zeroState`: it is known to be zero; `updateState`: the last state is written to
   * `start`, for the next frames; `lengths` u32 [N]: valid steps of each sample
   */
  forward(
    tape: Tape,
    x: Value,
    start: LstmState,
    options: { zeroState: boolean; updateState?: boolean; lengths?: Value },
  ): { h_n: Value; c_n: Value } {
    const { lengths, ...attributes } = options;
    return tape.apply(lstm, { x, ...this.#weights, h0: start.h, c0: start.c, lengths }, attributes);
  }
}
