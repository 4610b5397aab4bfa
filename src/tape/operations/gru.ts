import { gruBackward, gruBackwardWeight, gruForward, type GruAttributes } from '../../kernels/gru';
import { defineOperation } from '../tape';
import type { Value } from '../value';
import { linearBackward, linearForward } from './dense';
import { checkRecurrent } from './recurrent';

/** weight_ih [3H,I], weight_hh [3H,H], bias_ih and bias_hh [3H], gates in the order r z n. */
export interface GruWeights {
  weight_ih: Value;
  weight_hh: Value;
  bias_ih?: Value;
  bias_hh?: Value;
}

export interface Inputs extends GruWeights {
  /** [T,N,I] */
  x: Value;
  /** [N,H]; zeros where not given. */
  h0?: Value;
  /** u32 [N]: sample n stops after `lengths[n]` steps; all T where not given. */
  lengths?: Value;
}

/**
 * One GRU layer (PyTorch's; with `resetFirst` ONNX's default): x [T,N,I] -> hs [T,N,H], h_n [N,H]. After
 * its last valid step a sample's outputs are 0 and its state stays.
 */
export const gru = defineOperation({
  name: 'gru',

  forward(tape, inputs: Inputs, { zeroState, reverse, resetFirst }: GruAttributes = {}) {
    const { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, lengths } = inputs;
    checkRecurrent('gru', 3, { x, weight_ih, weight_hh, bias_ih, bias_hh, h0, lengths });
    const { y: xw } = linearForward(tape, { x, weight: weight_ih, bias: bias_ih });
    return tape.dispatch(
      gruForward,
      {
        xw,
        weight_hh,
        bias_hh: bias_hh ?? weight_hh.standIn,
        lengths: lengths ?? weight_hh.standIn,
        h0: h0 ?? weight_hh.standIn,
      },
      {
        zeroState: zeroState || !h0,
        reverse,
        resetFirst,
        hasBias: bias_hh !== undefined,
        hasLengths: lengths !== undefined,
      },
    );
  },

  backward(tape, { inputs, outputs: { gates }, attributes = {}, dy }) {
    const { x, weight_ih, weight_hh, bias_ih, bias_hh, h0 } = inputs;
    const { resetFirst, reverse } = attributes;
    const zeroState = attributes.zeroState || !h0;
    const { dxw, dhw, dh0 } = tape.dispatch(
      gruBackward,
      {
        weight_hh,
        gates,
        dhs: dy.hs ?? weight_hh.standIn,
        dh_n: dy.h_n ?? weight_hh.standIn,
        dh0: zeroState ? undefined : tape.destination(h0),
      },
      { zeroState, reverse, resetFirst, hasDhs: !!dy.hs, hasDhN: !!dy.h_n },
    );
    const gradients: Partial<Inputs> = {};
    if (!zeroState && tape.needsGradient(h0)) gradients.h0 = dh0;
    if (tape.needsGradient(weight_hh)) {
      gradients.weight_hh = tape.dispatch(
        gruBackwardWeight,
        { gates, dhw, dweight_hh: tape.destination(weight_hh) },
        { resetFirst },
      ).dweight_hh;
    }
    const ih = linearBackward(tape, { x, weight: weight_ih, bias: bias_ih }, dxw);
    const hh = linearBackward(tape, { x, weight: weight_hh, bias: bias_hh }, dhw, ['bias']);
    return {
      ...gradients,
      x: ih.x,
      weight_ih: ih.weight,
      bias_ih: ih.bias,
      bias_hh: hh.bias,
    };
  },
});
