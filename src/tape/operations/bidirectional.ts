import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { concat } from './copy';
import { gru, lstm, type GruLayerAttributes, type LstmLayerAttributes } from './recurrent_steps';

export interface Inputs {
  /** [T,N,I] */
  x: Value;
  weight_ih: Value;
  weight_hh: Value;
  bias_ih?: Value;
  bias_hh?: Value;
  h0?: Value;
  weight_ih_reverse: Value;
  weight_hh_reverse: Value;
  bias_ih_reverse?: Value;
  bias_hh_reverse?: Value;
  h0_reverse?: Value;
  /** u32 [N] */
  lengths?: Value;
}

const weights = (inputs: Inputs) => {
  const { weight_ih, weight_hh, bias_ih, bias_hh, h0 } = inputs;
  return { weight_ih, weight_hh, bias_ih, bias_hh, h0 };
};

const reverseWeights = (inputs: Inputs) => ({
  weight_ih: inputs.weight_ih_reverse,
  weight_hh: inputs.weight_hh_reverse,
  bias_ih: inputs.bias_ih_reverse,
  bias_hh: inputs.bias_hh_reverse,
  h0: inputs.h0_reverse,
});

/** hs of both directions side by side, [T,N,2H]. */
const beside = (tape: Tape, a: Value, b: Value) => tape.apply(concat, { a, b }, { axis: 2 }).y;

/** An LSTM in both directions (PyTorch's): hs [T,N,2H], and the last state of each. */
export const lstmBidirectional = defineOperation({
  name: 'lstm_bidirectional',
  composite: true,
  forward(
    tape,
    inputs: Inputs & {
      c0?: Value;
      c0_reverse?: Value;
      peephole?: Value;
      peephole_reverse?: Value;
    },
    attributes: Omit<LstmLayerAttributes, 'reverse' | 'updateState'> = {},
  ) {
    const { x, lengths, c0, c0_reverse, peephole, peephole_reverse } = inputs;
    const there = tape.apply(lstm, { x, lengths, ...weights(inputs), c0, peephole }, attributes);
    const back = tape.apply(
      lstm,
      { x, lengths, ...reverseWeights(inputs), c0: c0_reverse, peephole: peephole_reverse },
      { ...attributes, reverse: true },
    );
    return {
      hs: beside(tape, there.hs, back.hs),
      h_n: there.h_n,
      c_n: there.c_n,
      h_n_reverse: back.h_n,
      c_n_reverse: back.c_n,
    };
  },
});

/** A GRU in both directions: hs [T,N,2H], and the last state of each. */
export const gruBidirectional = defineOperation({
  name: 'gru_bidirectional',
  composite: true,
  forward(tape, inputs: Inputs, attributes: Omit<GruLayerAttributes, 'reverse'> = {}) {
    const { x, lengths } = inputs;
    const there = tape.apply(gru, { x, lengths, ...weights(inputs) }, attributes);
    const back = tape.apply(
      gru,
      { x, lengths, ...reverseWeights(inputs) },
      { ...attributes, reverse: true },
    );
    return { hs: beside(tape, there.hs, back.hs), h_n: there.h_n, h_n_reverse: back.h_n };
  },
});
