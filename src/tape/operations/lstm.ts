import { add } from '../../kernels/add';
import {
  denseBackwardBias,
  denseBackwardInput,
  denseBackwardWeight,
  denseForward,
} from '../../kernels/dense';
import { lstmBackward, lstmCopyState, lstmForward } from '../../kernels/lstm';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';

/** weight_ih [4H,I], weight_hh [4H,H], bias_ih and bias_hh [4H], gates in the order i f g o. */
export type LstmWeights = Record<'weight_ih' | 'weight_hh' | 'bias_ih' | 'bias_hh', Value>;

export interface LstmAttributes {
  /** u32 [N]: sample n stops after `lengths[n]` steps; all T where not given. */
  lengths?: Value;
  /** The initial state is zero: h0 and c0 are not read, and the first recurrent product is skipped. */
  zeroState?: boolean;
  /** h0 and c0 are updated in place, and so carried from one run of the plan to the next. */
  updateState?: boolean;
}

/** x weight_ih^T + both biases, of all steps in one product. */
function projectInputs(tape: Tape, x: Value, weights: LstmWeights): Value {
  const { weight_ih, bias_ih, bias_hh } = weights;
  const bias = tape.dispatch(add, { a: bias_ih, b: bias_hh }).y;
  return tape.dispatch(denseForward, { x, weight: weight_ih, bias }).y;
}

/**
 * One LSTM layer (PyTorch's): x [T,N,I], h0 and c0 [N,H] -> hs [T,N,H], h_n and c_n [N,H]. After its
 * last valid step a sample's outputs are 0 and its state stays.
 */
export const lstm = defineOperation({
  name: 'lstm',

  forward(
    tape,
    { x, h0, c0, ...weights }: LstmWeights & Record<'x' | 'h0' | 'c0', Value>,
    { lengths, zeroState, updateState }: LstmAttributes = {},
  ) {
    const xw = projectInputs(tape, x, weights);
    const { weight_hh } = weights;
    let state: { h?: Value; c?: Value } = {};
    // As values of their own: what comes out is not what went in, although it lies in the same place.
    if (updateState) state = { h: h0.reshape(h0.shape), c: c0.reshape(c0.shape) };
    else if (!zeroState) state = tape.dispatch(lstmCopyState, { h0, c0 });
    const { h, c, hs, gates, h_prev } = tape.dispatch(
      lstmForward,
      { xw, weight_hh, lengths: lengths ?? weight_hh, ...state }, // something must be bound
      { zeroState, hasLengths: lengths !== undefined },
    );
    return { hs, h_n: h, c_n: c, gates, h_prev };
  },

  backward(tape, { inputs, outputs: { gates, h_prev }, attributes: { zeroState } = {}, dy }) {
    const { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, c0 } = inputs;
    const { hs: dhs, h_n: dh_n, c_n: dc_n } = dy;
    const { dgates, dh0, dc0 } = tape.dispatch(
      lstmBackward,
      // What is absent is not read, but something must be bound.
      {
        weight_hh,
        gates,
        dhs: dhs ?? weight_hh,
        dh_n: dh_n ?? weight_hh,
        dc_n: dc_n ?? weight_hh,
        dh0: zeroState ? undefined : tape.destination(h0),
        dc0: zeroState ? undefined : tape.destination(c0),
      },
      { zeroState, hasDhs: !!dhs, hasDhN: !!dh_n, hasDcN: !!dc_n },
    );
    const gradients: Partial<typeof inputs> = {};
    if (!zeroState && tape.needsGradient(h0)) gradients.h0 = dh0;
    if (!zeroState && tape.needsGradient(c0)) gradients.c0 = dc0;
    if (tape.needsGradient(weight_ih)) {
      gradients.weight_ih = tape.dispatch(
        denseBackwardWeight,
        { x, dy: dgates, dweight: tape.destination(weight_ih) },
        { shape: weight_ih.shape },
      ).dweight;
    }
    if (tape.needsGradient(weight_hh)) {
      gradients.weight_hh = tape.dispatch(
        denseBackwardWeight,
        { x: h_prev, dy: dgates, dweight: tape.destination(weight_hh) },
        { shape: weight_hh.shape },
      ).dweight;
    }
    for (const [name, bias] of Object.entries({ bias_ih, bias_hh })) {
      if (!tape.needsGradient(bias)) continue;
      gradients[name as 'bias_ih' | 'bias_hh'] = tape.dispatch(
        denseBackwardBias,
        { dy: dgates, dbias: tape.destination(bias) },
        { shape: bias.shape },
      ).dbias;
    }
    if (tape.needsGradient(x)) {
      gradients.x = tape.dispatch(
        denseBackwardInput,
        { dy: dgates, weight: weight_ih, dx: tape.destination(x) },
        { shape: x.shape },
      ).dx;
    }
    return gradients;
  },
});

/**
 * One step for real time, without a gradient: x [N,I], and the state h and c [N,H], which is updated
 * in place, so that it carries on from one run of the plan to the next.
 */
export function lstmCell(
  tape: Tape,
  x: Value,
  weights: LstmWeights,
  state: { h: Value; c: Value },
): { h: Value; c: Value } {
  const { weight_hh } = weights;
  const xw = projectInputs(tape, x, weights);
  const step = xw.reshape([1, ...xw.shape]);
  const { h, c } = tape.dispatch(
    lstmForward,
    { xw: step, weight_hh, lengths: weight_hh, ...state },
    {},
  );
  return { h, c };
}
