/** Recurrent layers over sequences. */
import * as bidirectional from '../tape/operations/bidirectional';
import * as cells from '../tape/operations/lstm';
import * as layers from '../tape/operations/recurrent_steps';
import { eager } from './eager';

const layer = {
  x: 'f32',
  weight_ih: 'f32',
  weight_hh: 'f32',
  bias_ih: 'f32?',
  bias_hh: 'f32?',
  h0: 'f32?',
  lengths: 'u32?',
} as const;

export const lstm = /* @__PURE__ */ eager(layers.lstm, {
  ...layer,
  c0: 'f32?',
  peephole: 'f32?',
});
/** One step: x [N, I] and the state h and c [N, H] -> the next state. */
export const lstmCell = /* @__PURE__ */ eager(cells.lstmCell, {
  x: 'f32',
  h: 'f32',
  c: 'f32',
  weight_ih: 'f32',
  weight_hh: 'f32',
  bias_ih: 'f32?',
  bias_hh: 'f32?',
});
export const gru = /* @__PURE__ */ eager(layers.gru, layer);

const both = {
  ...layer,
  weight_ih_reverse: 'f32',
  weight_hh_reverse: 'f32',
  bias_ih_reverse: 'f32?',
  bias_hh_reverse: 'f32?',
  h0_reverse: 'f32?',
} as const;

export const lstmBidirectional = /* @__PURE__ */ eager(bidirectional.lstmBidirectional, {
  ...both,
  c0: 'f32?',
  c0_reverse: 'f32?',
  peephole: 'f32?',
  peephole_reverse: 'f32?',
});
export const gruBidirectional = /* @__PURE__ */ eager(bidirectional.gruBidirectional, both);
