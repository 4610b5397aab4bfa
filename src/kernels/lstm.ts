import backwardShader from '../../shaders/lstm/backward.wgsl';
import copyStateShader from '../../shaders/lstm/copy_state.wgsl';
import forwardShader from '../../shaders/lstm/forward.wgsl';
import stepMaskShader from '../../shaders/lstm/step_mask.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, powerOfTwo, storageSize, type TensorSpec } from './kernel';

/** Floats of hidden state (samples times units) that a workgroup has memory for. */
const MAX_STATE = 1024;

/** Steps, samples and hidden units of xw [T,N,4H], gates [T,N,5H] or dgates [T,N,4H]. */
function sizes({ shape: [steps, samples, width] }: TensorSpec, rows: number) {
  return { steps, samples, hidden: width / rows };
}

/** Samples that share a workgroup: as many as there are and fit, up to 4, for each loads every weight. */
function samplesPerWorkgroup(samples: number, hidden: number): number {
  if (hidden > MAX_STATE) {
    throw new FacegradError('limit', `lstm: ${hidden} hidden units are not supported`, {
      operation: 'lstm',
      wanted: hidden,
      available: MAX_STATE,
    });
  }
  return [4, 2].find((count) => count <= samples && count * hidden <= MAX_STATE) ?? 1;
}

function workgroupSize(hidden: number): number {
  return hidden <= 64 ? 64 : hidden <= 128 ? 128 : 256;
}

/**
 * Room for the numbers that a workgroup's threads give each other: 1 stands for none, as in a single step from zeros, else
 * a power of two, as every size is another pipeline.
 */
function stateOf(steps: number, samples: number, hidden: number, zeroState?: boolean): number {
  if (zeroState && steps === 1) return 1;
  return Math.max(2, powerOfTwo(samplesPerWorkgroup(samples, hidden) * hidden));
}

export interface LstmForwardAttributes {
  /** Whether h and c are taken as zero, and not read. */
  zeroState?: boolean;
  /** Whether a sample stops after `lengths[n]` steps; where not, `lengths` may be any buffer. */
  hasLengths?: boolean;
  /** From the last step to the first. */
  reverse?: boolean;
}

/**
 * All steps of xw [T,N,4H] (the projected inputs, biases added) with weight_hh [4H,H]. h and c [N,H]
 * are updated in place. Gives hs [T,N,H], and gates [T,N,5H] and h_prev [T,N,H] for backward.
 */
export const lstmForward = defineKernel({
  name: 'lstm.forward',
  shader: forwardShader,
  outputs: (
    { xw }: Record<'xw' | 'weight_hh' | 'lengths', TensorSpec>,
    _: LstmForwardAttributes,
  ) => {
    const { steps, samples, hidden } = sizes(xw, 4);
    return {
      gates: f32([steps, samples, 5 * hidden]),
      h: f32([samples, hidden]),
      c: f32([samples, hidden]),
      hs: f32([steps, samples, hidden]),
      h_prev: f32([steps, samples, hidden]),
    };
  },
  // What costs a thread next to nothing is a number, so that one pipeline serves all.
  params: ({ xw }, { zeroState, hasLengths, reverse }) => ({
    ...sizes(xw, 4),
    zero_state: Number(zeroState ?? false),
    has_lengths: Number(hasLengths ?? false),
    reverse: Number(reverse ?? false),
  }),
  overrides({ xw }, { zeroState }) {
    const { steps, samples, hidden } = sizes(xw, 4);
    const STATE = stateOf(steps, samples, hidden, zeroState);
    return { WORKGROUP_SIZE: workgroupSize(hidden), STATE };
  },
  constants: ({ xw }) => {
    const { samples, hidden } = sizes(xw, 4);
    return { SAMPLES: samplesPerWorkgroup(samples, hidden) };
  },
  workgroups: ({ xw }) => {
    const { samples, hidden } = sizes(xw, 4);
    return [Math.ceil(samples / samplesPerWorkgroup(samples, hidden)), 1, 1];
  },
  flops: ({ xw }, { zeroState }) => {
    const { steps, samples, hidden } = sizes(xw, 4);
    return (steps - Number(zeroState ?? false)) * samples * 8 * hidden * hidden;
  },
  // From a state of zeros the only step has nothing to do with it.
  untouched: ({ xw }, { zeroState }) =>
    zeroState && sizes(xw, 4).steps === 1 ? ['weight_hh'] : [],
});

export interface LstmBackwardAttributes {
  /** Whether the initial state was the constant zero; its gradient is then written as zero. */
  zeroState?: boolean;
  /** Whether forward went from the last step to the first. */
  reverse?: boolean;
  /** Which of the gradients are there; the buffers of the others may be any. */
  hasDhs: boolean;
  hasDhN: boolean;
  hasDcN: boolean;
}

/**
 * From dhs [T,N,H], dh_n and dc_n [N,H] and forward's `gates`: dgates [T,N,4H], the gradient of xw,
 * and dh0 and dc0 [N,H].
 */
export const lstmBackward = defineKernel({
  name: 'lstm.backward',
  shader: backwardShader,
  outputs: (
    { gates }: Record<'weight_hh' | 'gates' | 'dhs' | 'dh_n' | 'dc_n', TensorSpec>,
    _: LstmBackwardAttributes,
  ) => {
    const { steps, samples, hidden } = sizes(gates, 5);
    return {
      dgates: f32([steps, samples, 4 * hidden]),
      dh0: f32([samples, hidden]),
      dc0: f32([samples, hidden]),
    };
  },
  params: ({ gates }, { zeroState, reverse, hasDhs, hasDhN, hasDcN }) => ({
    ...sizes(gates, 5),
    zero_state: Number(zeroState ?? false),
    reverse: Number(reverse ?? false),
    has_dhs: Number(hasDhs),
    has_dh_n: Number(hasDhN),
    has_dc_n: Number(hasDcN),
  }),
  overrides({ gates }, { zeroState }) {
    const { steps, samples, hidden } = sizes(gates, 5);
    const STATE = stateOf(steps, samples, hidden, zeroState);
    return { WORKGROUP_SIZE: workgroupSize(hidden), STATE };
  },
  constants: ({ gates }) => {
    const { samples, hidden } = sizes(gates, 5);
    return { SAMPLES: samplesPerWorkgroup(samples, hidden) };
  },
  workgroups: ({ gates }) => {
    const { samples, hidden } = sizes(gates, 5);
    return [Math.ceil(samples / samplesPerWorkgroup(samples, hidden)), 1, 1];
  },
  flops: ({ gates }, { zeroState }) => {
    const { steps, samples, hidden } = sizes(gates, 5);
    return (steps - Number(zeroState ?? false)) * samples * 8 * hidden * hidden;
  },
  // From a state of zeros the only step has nothing to do with it.
  untouched: ({ gates }, { zeroState }) =>
    zeroState && sizes(gates, 5).steps === 1 ? ['weight_hh'] : [],
});

/** lengths [N] -> [T, N, 1]: 1 for the steps that a sample takes, else 0. */
export const stepMask = defineKernel({
  name: 'lstm.step_mask',
  shader: stepMaskShader,
  outputs: ({ lengths }: Record<'lengths', TensorSpec>, { steps }: { steps: number }) => ({
    y: f32([steps, lengths.shape[0], 1]),
  }),
  params: ({ lengths }, { steps }) => ({
    length: steps * lengths.shape[0],
    samples: lengths.shape[0],
  }),
  workgroups: ({ lengths }, { steps }) => linear(steps * lengths.shape[0], 64),
});

/** h = h0, c = c0: a state that `lstmForward` may update. */
export const lstmCopyState = defineKernel({
  name: 'lstm.copy_state',
  shader: copyStateShader,
  outputs: ({ h0, c0 }: Record<'h0' | 'c0', TensorSpec>) => ({ h: h0, c: c0 }),
  params: ({ h0 }) => ({ length: storageSize(h0) }),
  workgroups: ({ h0 }) => linear(storageSize(h0), 64),
});
