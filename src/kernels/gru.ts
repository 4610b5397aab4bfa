import backwardShader from '../../shaders/gru/backward.wgsl';
import backwardWeightShader from '../../shaders/gru/backward_weight.wgsl';
import forwardShader from '../../shaders/gru/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, powerOfTwo, type TensorSpec } from './kernel';

/** Hidden units that a workgroup has memory for. */
const MAX_HIDDEN = 1024;

/** Steps, samples and hidden units of xw [T,N,3H] or gates [T,N,5H]. */
function sizes({ shape: [steps, samples, width] }: TensorSpec, rows: number) {
  const hidden = width / rows;
  if (hidden > MAX_HIDDEN) {
    throw new FacegradError('limit', `gru: ${hidden} hidden units are not supported`, {
      operation: 'gru',
      wanted: hidden,
      available: MAX_HIDDEN,
    });
  }
  return { steps, samples, hidden };
}

const workgroupSize = (hidden: number) => (hidden <= 64 ? 64 : hidden <= 128 ? 128 : 256);

export interface GruAttributes {
  /** Whether the initial state is taken as zero, and h0 not read. */
  zeroState?: boolean;
  /** From the last step to the first. */
  reverse?: boolean;
  /** The reset gate acts on the state before its product with the weight (ONNX's default), not behind it (PyTorch's). */
  resetFirst?: boolean;
}

type ForwardInput = 'xw' | 'weight_hh' | 'bias_hh' | 'lengths' | 'h0';

/**
 * All steps of xw [T,N,3H] (the projected inputs and their bias) with weight_hh [3H,H] and bias_hh [3H].
 * Gives hs [T,N,H], h_n [N,H], and gates [T,N,5H] for backward.
 */
export const gruForward = defineKernel({
  name: 'gru.forward',
  shader: forwardShader,
  outputs: (
    { xw }: Record<ForwardInput, TensorSpec>,
    _: GruAttributes & { hasBias: boolean; hasLengths: boolean },
  ) => {
    const { steps, samples, hidden } = sizes(xw, 3);
    return {
      gates: f32([steps, samples, 5 * hidden]),
      hs: f32([steps, samples, hidden]),
      h_n: f32([samples, hidden]),
    };
  },
  // What costs a thread next to nothing is a number, so that one pipeline serves all.
  params: ({ xw }, { zeroState, hasBias, hasLengths, reverse }) => ({
    ...sizes(xw, 3),
    zero_state: Number(zeroState ?? false),
    has_bias: Number(hasBias),
    has_lengths: Number(hasLengths),
    reverse: Number(reverse ?? false),
  }),
  overrides: ({ xw }, { resetFirst }) => ({
    WORKGROUP_SIZE: workgroupSize(sizes(xw, 3).hidden),
    STATE: powerOfTwo(sizes(xw, 3).hidden),
    RESET_FIRST: Number(resetFirst ?? false),
  }),
  workgroups: ({ xw }) => [sizes(xw, 3).samples, 1, 1],
  flops: ({ xw }) => {
    const { steps, samples, hidden } = sizes(xw, 3);
    return steps * samples * 6 * hidden * hidden;
  },
});

/** From dhs [T,N,H], dh_n [N,H] and forward's `gates`: dxw and dhw [T,N,3H], and dh0 [N,H]. */
export const gruBackward = defineKernel({
  name: 'gru.backward',
  shader: backwardShader,
  outputs: (
    { gates }: Record<'weight_hh' | 'gates' | 'dhs' | 'dh_n', TensorSpec>,
    _: GruAttributes & { hasDhs: boolean; hasDhN: boolean },
  ) => {
    const { steps, samples, hidden } = sizes(gates, 5);
    const rows = f32([steps, samples, 3 * hidden]);
    return { dxw: rows, dhw: rows, dh0: f32([samples, hidden]) };
  },
  params: ({ gates }, { zeroState, reverse, hasDhs, hasDhN }) => ({
    ...sizes(gates, 5),
    zero_state: Number(zeroState ?? false),
    reverse: Number(reverse ?? false),
    has_dhs: Number(hasDhs),
    has_dh_n: Number(hasDhN),
  }),
  overrides: ({ gates }, { resetFirst }) => ({
    WORKGROUP_SIZE: workgroupSize(sizes(gates, 5).hidden),
    STATE: powerOfTwo(sizes(gates, 5).hidden),
    RESET_FIRST: Number(resetFirst ?? false),
  }),
  workgroups: ({ gates }) => [sizes(gates, 5).samples, 1, 1],
  flops: ({ gates }) => {
    const { steps, samples, hidden } = sizes(gates, 5);
    return steps * samples * 6 * hidden * hidden;
  },
});

/** dweight_hh [3H,H] from dhw and the states in `gates`. */
export const gruBackwardWeight = defineKernel({
  name: 'gru.backward_weight',
  shader: backwardWeightShader,
  outputs: (
    { gates }: Record<'gates' | 'dhw', TensorSpec>,
    _: Pick<GruAttributes, 'resetFirst'>,
  ) => {
    const { hidden } = sizes(gates, 5);
    return { dweight_hh: f32([3 * hidden, hidden]) };
  },
  params: ({ gates }) => {
    const { steps, samples, hidden } = sizes(gates, 5);
    return { rows: steps * samples, hidden };
  },
  overrides: (_, { resetFirst }) => ({ RESET_FIRST: Number(resetFirst ?? false) }),
  workgroups: ({ gates }) => linear(3 * sizes(gates, 5).hidden ** 2, 64),
  flops: ({ gates }) => {
    const { steps, samples, hidden } = sizes(gates, 5);
    return steps * samples * 6 * hidden * hidden;
  },
});
