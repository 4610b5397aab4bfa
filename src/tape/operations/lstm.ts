import { FacegradError } from '../../gpu/errors';
import { lstmBackward, lstmCopyState, lstmForward } from '../../kernels/lstm';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { linearBackward, linearForward } from './dense';
import { checkRecurrent } from './recurrent';
import { reshape } from './reshape';

/** weight_ih [4H,I], weight_hh [4H,H], bias_ih and bias_hh [4H], gates in the order i f g o. */
export interface LstmWeights {
  weight_ih: Value;
  weight_hh: Value;
  bias_ih?: Value;
  bias_hh?: Value;
}

export interface Inputs extends LstmWeights {
  /** [T,N,I] */
  x: Value;
  /** [N,H], both or none: then it begins with zeros. */
  h0?: Value;
  c0?: Value;
  /** u32 [N]: sample n stops after `lengths[n]` steps; all T where not given. */
  lengths?: Value;
}

export interface LstmAttributes {
  /** The initial state is zero, also where h0 and c0 are given; the first recurrent product is skipped. */
  zeroState?: boolean;
  /** h0 and c0 are updated in place, and so carried from one run of the plan to the next. */
  updateState?: boolean;
  /** From the last step to the first; a sample begins at its last valid one. */
  reverse?: boolean;
}

/** x weight_ih^T + both biases, of all steps in one product. */
function projectInputs(tape: Tape, x: Value, weights: LstmWeights): Value {
  const { weight_ih, bias_ih, bias_hh } = weights;
  return linearForward(tape, { x, weight: weight_ih, bias: bias_ih, second_bias: bias_hh }).y;
}

/**
 * One LSTM layer (PyTorch's): x [T,N,I], h0 and c0 [N,H] -> hs [T,N,H], h_n and c_n [N,H]. After its
 * last valid step a sample's outputs are 0 and its state stays.
 */
export const lstm = defineOperation({
  name: 'lstm',

  forward(tape, inputs: Inputs, { zeroState, updateState, reverse }: LstmAttributes = {}) {
    const { x, weight_hh, h0, c0, lengths } = inputs;
    checkShapes(inputs);
    const xw = projectInputs(tape, x, inputs);
    let state: { h?: Value; c?: Value } = {};
    if (h0 && c0) {
      // As values of their own: what comes out is not what went in, although it lies in the same place.
      if (updateState) state = { h: h0.reshape(h0.shape), c: c0.reshape(c0.shape) };
      else if (!zeroState) state = tape.dispatch(lstmCopyState, { h0, c0 });
    }
    const { h, c, hs, gates, h_prev } = tape.dispatch(
      lstmForward,
      { xw, weight_hh, lengths: lengths ?? weight_hh.standIn, ...state },
      { zeroState: zeroState || !h0, hasLengths: lengths !== undefined, reverse },
    );
    return { hs, h_n: h, c_n: c, gates, h_prev };
  },

  backward(tape, { inputs, outputs: { gates, h_prev }, attributes = {}, dy }) {
    const { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, c0 } = inputs;
    const { hs: dhs, h_n: dh_n, c_n: dc_n } = dy;
    const zeroState = attributes.zeroState || !h0;
    const { dgates, dh0, dc0 } = tape.dispatch(
      lstmBackward,
      {
        weight_hh,
        gates,
        dhs: dhs ?? weight_hh.standIn,
        dh_n: dh_n ?? weight_hh.standIn,
        dc_n: dc_n ?? weight_hh.standIn,
        dh0: zeroState ? undefined : tape.destination(h0),
        dc0: zeroState ? undefined : tape.destination(c0!),
      },
      { zeroState, reverse: attributes.reverse, hasDhs: !!dhs, hasDhN: !!dh_n, hasDcN: !!dc_n },
    );
    const gradients: Partial<Inputs> = {};
    if (!zeroState && tape.needsGradient(h0)) gradients.h0 = dh0;
    if (!zeroState && tape.needsGradient(c0!)) gradients.c0 = dc0;
    const ih = linearBackward(tape, { x, weight: weight_ih, bias: bias_ih }, dgates);
    const hh = linearBackward(tape, { x: h_prev, weight: weight_hh, bias: bias_hh }, dgates, [
      'weight',
      'bias',
    ]);
    return {
      ...gradients,
      x: ih.x,
      weight_ih: ih.weight,
      bias_ih: ih.bias,
      weight_hh: hh.weight,
      bias_hh: hh.bias,
    };
  },
});

/** @throws FacegradError `bad-input` for the first input that does not fit the others */
function checkShapes({ x, weight_ih, weight_hh, bias_ih, bias_hh, h0, c0, lengths }: Inputs): void {
  checkRecurrent('lstm', 4, { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, c0, lengths });
  if (!h0 !== !c0) {
    throw new FacegradError('bad-input', 'lstm: h0 and c0 must be given together', {
      operation: 'lstm',
    });
  }
}

export interface CellInputs extends LstmWeights {
  /** [N,I] */
  x: Value;
  /** [N,H] */
  h: Value;
  c: Value;
}

/** One step (PyTorch's LSTMCell): x [N,I], h and c [N,H] -> the next h and c; with `updateState` in place, for real time. */
export const lstmCell = defineOperation({
  name: 'lstm_cell',
  composite: true,
  forward(
    tape: Tape,
    { x, h, c, ...weights }: CellInputs,
    attributes: Pick<LstmAttributes, 'updateState'> = {},
  ): Record<'h' | 'c', Value> {
    const { y: step } = tape.apply(reshape, { x }, { shape: [1, ...x.shape] });
    const { h_n, c_n } = tape.apply(lstm, { x: step, h0: h, c0: c, ...weights }, attributes);
    return { h: h_n, c: c_n };
  },
});
