/** Layers as PyTorch has them: names, shapes, defaults and initial values. */
import { FacegradError } from '../gpu/errors';
import { size } from '../kernels/kernel';
import type { Pair, WindowAttributes } from '../kernels/window';
import { batchNorm } from '../tape/operations/batch_norm';
import { conv2d } from '../tape/operations/conv2d';
import { dense } from '../tape/operations/dense';
import { dropout } from '../tape/operations/dropout';
import { gru } from '../tape/operations/gru';
import { lstm } from '../tape/operations/lstm';
import { gelu, leakyRelu, sigmoid, tanh } from '../tape/operations/elementwise';
import { avgPool2d, globalAvgPool, maxPool2d } from '../tape/operations/pool2d';
import { relu } from '../tape/operations/relu';
import { reshape } from '../tape/operations/reshape';
import type { Value } from '../tape/value';
import { ones, uniform, zeros } from './init';
import { Module, Parameter, type Pass } from './pass';

const weight = (shape: readonly number[], bound: number) =>
  new Parameter(shape, uniform(bound), { decay: true });

export interface Conv2dOptions extends WindowAttributes {
  groups?: number;
  /** Default true. */
  bias?: boolean;
}

/** x [N, C, H, W] -> [N, O, OH, OW], any window, stride, padding, dilation and groups. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    readonly options: Conv2dOptions = {},
  ) {
    super();
    const [kh, kw] = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    const { groups = 1, bias = true } = options;
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new FacegradError(
        'bad-input',
        `Conv2d: ${inChannels} and ${outChannels} channels do not divide into ${groups} groups`,
        { wanted: groups, available: [inChannels, outChannels] },
      );
    }
    const shape = [outChannels, inChannels / groups, kh, kw];
    const bound = 1 / Math.sqrt(size(shape.slice(1)));
    this.weight = weight(shape, bound);
    if (bias) this.bias = new Parameter([outChannels], uniform(bound));
  }

  forward({ tape }: Pass, x: Value): Value {
    const { weight, bias, options } = this;
    return tape.apply(conv2d, { x, weight: weight.value, bias: bias?.value }, options).y;
  }
}

/** Batch norm of x [N, C, H, W] per channel. */
export class BatchNorm2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter;
  readonly running_mean: Parameter;
  readonly running_var: Parameter;

  constructor(
    features: number,
    readonly options: { eps?: number; momentum?: number } = {},
  ) {
    super();
    this.weight = new Parameter([features], ones);
    this.bias = new Parameter([features], zeros);
    this.running_mean = new Parameter([features], zeros, {}, 'statistic');
    this.running_var = new Parameter([features], ones, {}, 'statistic');
  }

  forward({ tape, training }: Pass, x: Value): Value {
    // The kernels' leading axis is that of streams, of which there is one.
    const streams = tape.apply(reshape, { x }, { shape: [1, ...x.shape] }).y;
    const { y } = tape.apply(
      batchNorm,
      {
        x: streams,
        gamma: this.weight.value,
        beta: this.bias.value,
        running_mean: this.running_mean.value,
        running_var: this.running_var.value,
      },
      { training, ...this.options },
    );
    return tape.apply(reshape, { x: y }, { shape: x.shape }).y;
  }
}

export interface Pool2dOptions extends WindowAttributes {
  /** A last window that only begins inside counts too. */
  ceilMode?: boolean;
}

/** Maximum of every window of x [N, C, H, W]; the stride is the window where not given. */
export class MaxPool2d extends Module {
  constructor(
    readonly kernel: Pair,
    readonly options: Pool2dOptions = {},
  ) {
    super();
  }

  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(maxPool2d, { x }, { kernel: this.kernel, ...this.options }).y;
  }
}

/** Mean of every window of x [N, C, H, W]; the stride is the window where not given. */
export class AvgPool2d extends Module {
  constructor(
    readonly kernel: Pair,
    readonly options: Pool2dOptions & { countIncludePad?: boolean } = {},
  ) {
    super();
  }

  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(avgPool2d, { x }, { kernel: this.kernel, ...this.options }).y;
  }
}

/** Mean of every plane, x [N, C, H, W] -> [N, C, 1, 1]: PyTorch's, of which only the size 1 is here. */
export class AdaptiveAvgPool2d extends Module {
  constructor(size: 1) {
    super();
    if (size !== 1) {
      throw new FacegradError('unsupported', 'AdaptiveAvgPool2d: only the size 1', {
        wanted: size,
        available: 1,
      });
    }
  }

  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(globalAvgPool, { x }, undefined).y;
  }
}

/** y = x weight^T + bias: x [..., K] -> [..., M]. */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;

  constructor(inFeatures: number, outFeatures: number, options: { bias?: boolean } = {}) {
    super();
    const bound = 1 / Math.sqrt(inFeatures);
    this.weight = weight([outFeatures, inFeatures], bound);
    if (options.bias ?? true) this.bias = new Parameter([outFeatures], uniform(bound));
  }

  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(dense, { x, weight: this.weight.value, bias: this.bias?.value }).y;
  }
}

/** max(0, x). */
export class ReLU extends Module {
  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(relu, { x }).y;
  }
}

/** x, or `slope` times it below 0. */
export class LeakyReLU extends Module {
  constructor(readonly slope = 0.01) {
    super();
  }

  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(leakyRelu, { x }, { slope: this.slope }).y;
  }
}

/** x times the normal distribution's integral up to x. */
export class GELU extends Module {
  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(gelu, { x }, undefined).y;
  }
}

/** 1 / (1 + exp(-x)). */
export class Sigmoid extends Module {
  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(sigmoid, { x }, undefined).y;
  }
}

export class Tanh extends Module {
  forward({ tape }: Pass, x: Value): Value {
    return tape.apply(tanh, { x }, undefined).y;
  }
}

/** In training each number is 0 with probability `rate`, the others are larger by 1 / (1 - rate). */
export class Dropout extends Module {
  constructor(readonly rate = 0.5) {
    super();
    if (!(rate >= 0 && rate < 1)) {
      throw new FacegradError('bad-input', `Dropout: the rate must be in [0, 1), not ${rate}`);
    }
  }

  forward(pass: Pass, x: Value): Value {
    const { tape, training, step } = pass;
    const stream = pass.nextStream();
    if (!training || this.rate === 0) return x;
    return tape.apply(dropout, { x }, { step, rate: this.rate, stream }).y;
  }
}

/** x [N, C, H, W] -> [N, C * H * W]; the axes from `start` on. */
export class Flatten extends Module {
  constructor(readonly start = 1) {
    super();
  }

  forward({ tape }: Pass, x: Value): Value {
    const shape = [...x.shape.slice(0, this.start), size(x.shape.slice(this.start))];
    return tape.apply(reshape, { x }, { shape }).y;
  }
}

/** Weights of one recurrent layer and direction, in PyTorch's names. */
abstract class Recurrent extends Module {
  readonly weight_ih_l0: Parameter;
  readonly weight_hh_l0: Parameter;
  readonly bias_ih_l0?: Parameter;
  readonly bias_hh_l0?: Parameter;

  constructor(
    gates: number,
    inputSize: number,
    readonly hiddenSize: number,
    bias: boolean,
  ) {
    super();
    const bound = 1 / Math.sqrt(hiddenSize);
    this.weight_ih_l0 = weight([gates * hiddenSize, inputSize], bound);
    this.weight_hh_l0 = weight([gates * hiddenSize, hiddenSize], bound);
    if (bias) {
      this.bias_ih_l0 = new Parameter([gates * hiddenSize], uniform(bound));
      this.bias_hh_l0 = new Parameter([gates * hiddenSize], uniform(bound));
    }
  }

  protected get weights() {
    return {
      weight_ih: this.weight_ih_l0.value,
      weight_hh: this.weight_hh_l0.value,
      bias_ih: this.bias_ih_l0?.value,
      bias_hh: this.bias_hh_l0?.value,
    };
  }

  forward(pass: Pass, x: Value): Value {
    return this.sequence(pass, x).hs;
  }

  abstract sequence(pass: Pass, x: Value): { hs: Value; h_n: Value };
}

/** x [T, N, I] -> hs [T, N, H]. `sequence` also gives the last state, and begins with a given one. */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: { bias?: boolean } = {}) {
    super(4, inputSize, hiddenSize, options.bias ?? true);
  }

  sequence(
    { tape, lengths }: Pass,
    x: Value,
    state: { h0?: Value; c0?: Value } = {},
  ): { hs: Value; h_n: Value; c_n: Value } {
    return tape.apply(lstm, { x, ...this.weights, ...state, lengths }, {});
  }
}

/** x [T, N, I] -> hs [T, N, H]. `sequence` also gives the last state, and begins with a given one. */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: { bias?: boolean } = {}) {
    super(3, inputSize, hiddenSize, options.bias ?? true);
  }

  sequence(
    { tape, lengths }: Pass,
    x: Value,
    state: { h0?: Value } = {},
  ): { hs: Value; h_n: Value } {
    return tape.apply(gru, { x, ...this.weights, ...state, lengths }, {});
  }
}
