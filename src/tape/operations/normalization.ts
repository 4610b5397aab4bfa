import { FacegradError } from '../../gpu/errors';
import { copyStrided, fill, sameOrder } from '../../kernels/copy';
import { axisOf, size } from '../../kernels/kernel';
import { defineOperation, type Tape } from '../tape';
import type { Value } from '../value';
import { batchNormStreams } from './batch_norm';
import { add, affine, mul, reciprocal, sqrt, sub } from './elementwise';
import { reshape } from './reshape';

export interface Inputs {
  x: Value;
  /** gamma and beta; 1 and 0 where left out (PyTorch's affine=False). */
  weight?: Value;
  bias?: Value;
  /** Updated in training where given; read in inference, where they must be given. */
  running_mean?: Value;
  running_var?: Value;
}

/** What training keeps is not there in inference. */
type Outputs = Record<'y' | 'mean' | 'rstd', Value>;

export interface BatchNormModes {
  /** By the batch's statistics; else by the running ones. */
  training?: boolean;
  eps?: number;
  momentum?: number;
  /** The running variance moves to that of M - 1 degrees of freedom (PyTorch's, the default), or of M (ONNX's). */
  unbiased?: boolean;
  /** Where the channels are, from the end where negative; default 1. */
  axis?: number;
}

/** PyTorch's batch_norm of x [N, C, ...] with any number of axes: every mode, by the fused kernels or, in inference, elementwise. */
export const batchNorm = defineOperation({
  name: 'batch_norm',
  composite: true,
  forward(tape: Tape, inputs: Inputs, attributes: BatchNormModes = {}): Outputs {
    const { x } = inputs;
    const { training = false, eps = 1e-5, momentum = 0.1 } = attributes;
    const refuse = (message: string): never => {
      throw new FacegradError('bad-input', `batch_norm: ${message}`, { operation: 'batch_norm' });
    };
    if (x.shape.length < 2) refuse(`x [${x.shape}] must be [N, C, ...]`);
    const axis = axisOf('batch_norm', attributes.axis ?? 1, x.shape.length);
    const C = x.shape[axis];
    for (const name of ['weight', 'bias', 'running_mean', 'running_var'] as const) {
      const { shape } = inputs[name] ?? { shape: [C] };
      if (size(shape) !== C) refuse(`${name} [${shape}] for ${C} channels`);
    }
    const view = (value: Value, shape: readonly number[]) =>
      tape.apply(reshape, { x: value }, { shape }).y;

    if (!training) {
      const { running_mean, running_var } = inputs;
      if (!running_mean || !running_var) refuse('inference needs running_mean and running_var');
      const perChannel = (value: Value) =>
        view(value, [C, ...new Array(x.shape.length - axis - 1).fill(1)]);
      const variance = tape.apply(affine, { x: running_var! }, { scale: 1, shift: eps }).y;
      let scale = tape.apply(reciprocal, { x: tape.apply(sqrt, { x: variance }).y }).y;
      if (inputs.weight) scale = tape.apply(mul, { a: scale, b: inputs.weight }).y;
      const centred = tape.apply(sub, { a: x, b: perChannel(running_mean!) }).y;
      const y = tape.apply(mul, { a: centred, b: perChannel(scale) }).y;
      const { bias } = inputs;
      const shifted = bias ? tape.apply(add, { a: y, b: perChannel(bias) }).y : y;
      return { y: shifted } as Outputs;
    }

    // The fused kernels want [G, N, C, H, W]: images before the channels, pixels behind them.
    const [before, after] = [size(x.shape.slice(0, axis)), size(x.shape.slice(axis + 1))];
    const constant = (value: number) => tape.dispatch(fill, {}, { shape: [1, C], value }).y;
    const { weight, bias, running_mean, running_var } = inputs;
    const { unbiased = true } = attributes;
    const own = running_var && unbiased;
    const moved = own ? view(running_var, [1, C]) : constant(running_var ? 0 : 1);
    const { y, mean, rstd } = tape.apply(
      batchNormStreams,
      {
        x: view(x, [1, before, C, 1, after]),
        gamma: weight ? view(weight, [1, C]) : constant(1),
        beta: bias ? view(bias, [1, C]) : constant(0),
        running_mean: running_mean ? view(running_mean, [1, C]) : constant(0),
        running_var: moved,
      },
      { training: true, eps, momentum },
    );
    if (running_var && !unbiased) {
      // `moved` is now momentum times the variance by M - 1.
      const count = before * after;
      const old = tape.apply(affine, { x: running_var }, { scale: 1 - momentum }).y;
      const share = tape.apply(affine, { x: view(moved, [C]) }, { scale: (count - 1) / count }).y;
      const next = tape.apply(add, { a: old, b: share }).y;
      tape.dispatch(copyStrided, { x: next, y: running_var }, sameOrder([C]));
    }
    return { y: view(y, x.shape), mean: view(mean, [C]), rstd: view(rstd, [C]) };
  },
});
