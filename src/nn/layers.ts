/** Layers as PyTorch has them: names, shapes, defaults and initial values. */
import { FacegradError } from '../gpu/errors';
import { copyStrided, sameOrder } from '../kernels/copy';
import { bordered, size } from '../kernels/kernel';
import { pair, windowOf, type Pair, type WindowAttributes } from '../kernels/window';
import { inLayout, later, reshapeLater, take, waiting } from '../tape/later';
import { batchNormStreams } from '../tape/operations/batch_norm';
import { bnReluPool } from '../tape/operations/bn_relu_pool';
import { addChannelBias, conv2d } from '../tape/operations/conv2d';
import { conv } from '../tape/operations/conv';
import { convInputLayout, convWindow, isTuned } from '../tape/operations/conv_window';
import { conv5x5 } from '../tape/operations/conv5x5';
import { transpose } from '../tape/operations/copy';
import { linear } from '../tape/operations/dense';
import { dropout } from '../tape/operations/dropout';
import { gru } from '../tape/operations/gru';
import { lstm } from '../tape/operations/lstm';
import { maxPool } from '../tape/operations/max_pool';
import { gelu, leakyRelu, sigmoid, tanh } from '../tape/operations/elementwise';
import { avgPool2d, globalAvgPool, maxPool2d } from '../tape/operations/pool2d';
import { relu } from '../tape/operations/relu';
import { reshape } from '../tape/operations/reshape';
import type { Tape } from '../tape/tape';
import type { Value } from '../tape/value';
import { forgetOne, ones, uniform, zeros, type Init } from './init';
import { Module, Parameter, type Pass, type StoredAs } from './module';

const weight = (shape: readonly number[], bound: number, stored: StoredAs = {}) =>
  new Parameter(shape, uniform(bound), { decay: true, ...stored });

/** x with the leading axis of streams, which layers outside of `Streams` do not show. */
function leading(tape: Tape, x: Value, rank: number): Value {
  if (x.shape.length === rank) return x;
  if (x.shape.length !== rank - 1) {
    throw new FacegradError(
      'bad-input',
      `x [${x.shape}] must have ${rank - 1} axes, or ${rank} in Streams`,
      { wanted: rank - 1, available: x.shape },
    );
  }
  return reshapeLater(tape, x, [1, ...x.shape]);
}

/** y as x is: without the leading axis where x has none. */
const alike = (tape: Tape, y: Value, x: Value): Value =>
  y.shape.length === x.shape.length ? y : reshapeLater(tape, y, y.shape.slice(1));

export interface Conv2dOptions extends WindowAttributes {
  groups?: number;
  /** Default true. */
  bias?: boolean;
}

/** Which kernels compute a convolution: those of 5x5 that give a pixel for each of x, the tuned ones, or the general ones. */
function kernelsFor(
  kernel: readonly [number, number],
  [outChannels, inChannels]: readonly number[],
  { groups = 1, ...options }: Conv2dOptions,
): 'conv5x5' | 'conv' | 'conv2d' {
  const window = windowOf('Conv2d', kernel, [16, 16], options);
  if (!isTuned(window, groups, inChannels, outChannels)) return 'conv2d';
  const { stride, before, after } = window;
  const same = stride[0] === 1 && [...before, ...after].every((zeros) => zeros === 2);
  return kernel[0] === 5 && same ? 'conv5x5' : 'conv';
}

/** x [N, C, H, W] -> [N, O, OH, OW], any window, stride, padding, dilation and groups. */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias?: Parameter;
  readonly #kernels: ReturnType<typeof kernelsFor>;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: Pair,
    readonly options: Conv2dOptions = {},
  ) {
    super();
    const kernel = pair(kernelSize);
    const { groups = 1, bias = true } = options;
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new FacegradError(
        'bad-input',
        `Conv2d: ${inChannels} and ${outChannels} channels cannot be split into ${groups} groups`,
        { wanted: groups, available: [inChannels, outChannels] },
      );
    }
    this.#kernels = kernelsFor(kernel, [outChannels, inChannels], options);
    const shape = [outChannels, inChannels / groups, ...kernel];
    const bound = 1 / Math.sqrt(size(shape.slice(1)));
    const leading = this.#kernels !== 'conv2d';
    const order = leading && groups === 1 ? 'conv' : undefined;
    this.weight = weight(shape, bound, { order, leading });
    if (bias) this.bias = new Parameter([outChannels], uniform(bound), { leading });
  }

  forward(pass: Pass, x: Value): Value {
    const { tape, variant } = pass;
    const { value } = this.weight;
    const bias = this.bias?.value;
    if (this.#kernels === 'conv2d') {
      return tape.apply(conv2d, { x, weight: value, bias }, this.options).y;
    }
    if (this.#kernels === 'conv') {
      const { y } = tape.apply(
        conv,
        { x: this.#framed(tape, x), weight: value, bias },
        this.options,
      );
      return alike(tape, y, x);
    }
    const streams = inLayout(tape, leading(tape, x, 5), bordered(x.shape.at(-1)!));
    // The gradient of x wants the weights flipped; a first layer has none.
    const flipped = tape.needsGradient(streams) ? pass.flipped(value) : undefined;
    let { y } = tape.apply(conv5x5, { x: streams, weight: value }, { variant, flipped });
    if (bias) y = tape.apply(addChannelBias, { x: y, bias }).y;
    return alike(tape, y, x);
  }

  /** x with the window's zeros around it, where its producer can write them. */
  #framed(tape: Tape, x: Value): Value {
    const streams = leading(tape, x, 5);
    const extents = x.shape.slice(-2);
    const [, , ...kernel] = this.weight.shape;
    const window = windowOf('Conv2d', pair(kernel as [number, number]), extents, this.options);
    const layout = convInputLayout(convWindow('Conv2d', window, extents, this.options.groups ?? 1));
    return layout ? inLayout(tape, streams, layout) : streams;
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
    const stored = { leading: true };
    this.weight = new Parameter([features], ones, stored);
    this.bias = new Parameter([features], zeros, stored);
    this.running_mean = new Parameter([features], zeros, stored, 'statistic');
    this.running_var = new Parameter([features], ones, stored, 'statistic');
  }

  forward({ tape, training }: Pass, x: Value): Value {
    const inputs = {
      x: leading(tape, x, 5),
      gamma: this.weight.value,
      beta: this.bias.value,
      running_mean: this.running_mean.value,
      running_var: this.running_var.value,
    };
    const attributes = { training, ...this.options };
    // The running statistics move once, also where y is read by more than what it was fused into.
    const again = { ...attributes, momentum: 0 };
    return later(tape, batchNormStreams, { inputs, attributes }, x.shape, again);
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
    const [window, width] = pair(this.kernel);
    const { stride = window, padding = 0, dilation = 1, ceilMode } = this.options;
    const simple =
      width === window && stride === window && padding === 0 && dilation === 1 && !ceilMode;
    if (!simple) return tape.apply(maxPool2d, { x }, { kernel: this.kernel, ...this.options }).y;
    const shape = x.shape.map((n, axis) =>
      axis < x.shape.length - 2 ? n : Math.floor(n / window),
    );
    // Behind ReLU behind batch norm all three are one.
    const open = waiting(x, relu)?.inputs.x;
    const norm = window === 2 && open && take(open, batchNormStreams);
    if (norm) return later(tape, bnReluPool, { ...norm }, shape);
    return later(tape, maxPool, { inputs: { x }, attributes: { window } }, shape);
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

/** Mean of every plane, x [N, C, H, W] -> [N, C, 1, 1]: PyTorch's layer, for output size 1 only. */
export class AdaptiveAvgPool2d extends Module {
  constructor(size: 1) {
    super();
    if (size !== 1) {
      throw new FacegradError('unsupported', 'AdaptiveAvgPool2d supports only output size 1', {
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
    const stored = { leading: true };
    this.weight = weight([outFeatures, inFeatures], bound, stored);
    if (options.bias ?? true) this.bias = new Parameter([outFeatures], uniform(bound), stored);
  }

  forward({ tape }: Pass, x: Value): Value {
    const { value, streams } = this.weight;
    const own = streams![0] === '';
    const inputs = {
      x: own ? tape.apply(reshape, { x }, { shape: [1, ...x.shape] }).y : x,
      weight: value,
      bias: this.bias?.value,
    };
    const shape = [...x.shape.slice(0, -1), this.weight.shape[0]];
    return later(tape, linear, { inputs, attributes: {} }, shape);
  }
}

/** max(0, x). */
export class ReLU extends Module {
  forward({ tape }: Pass, x: Value): Value {
    const sum = waiting(x, linear);
    if (sum && Object.keys(sum.attributes).length === 0) {
      const { inputs } = take(x, linear)!;
      return later(tape, linear, { inputs, attributes: { relu: true } }, x.shape);
    }
    return later(tape, relu, { inputs: { x }, attributes: {} }, x.shape);
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
      throw new FacegradError('bad-input', `Dropout: the rate must be in [0, 1), got ${rate}`);
    }
  }

  forward(pass: Pass, x: Value): Value {
    const { tape, training, step } = pass;
    const stream = pass.nextStream();
    const drops = training && this.rate > 0;
    const open = waiting(x, linear)?.attributes;
    if (open?.relu && !open.dropout) {
      const { inputs, attributes } = take(x, linear)!;
      const behind = {
        ...attributes,
        step,
        ...(drops && { dropout: { rate: this.rate, stream } }),
      };
      return later(tape, linear, { inputs, attributes: behind }, x.shape);
    }
    if (!drops) return x;
    return tape.apply(dropout, { x }, { step, rate: this.rate, stream }).y;
  }
}

/** x [N, C, H, W] -> [N, C * H * W]; the axes from `start` on. In `Streams`, where x has one axis more, count it. */
export class Flatten extends Module {
  constructor(readonly start = 1) {
    super();
  }

  forward({ tape }: Pass, x: Value): Value {
    const shape = [...x.shape.slice(0, this.start), size(x.shape.slice(this.start))];
    return tape.apply(reshape, { x }, { shape }).y;
  }
}

/** The features of all streams of a picture next to each other: x [G, N, M] -> [N, G * M]. */
export class SideBySide extends Module {
  forward({ tape }: Pass, x: Value): Value {
    const [groups, rows, features] = x.shape;
    const shape = [rows, groups * features];
    if (groups === 1) return tape.apply(reshape, { x }, { shape }).y;
    const sum = take(x, linear);
    if (sum) {
      const attributes = { ...sum.attributes, sideBySide: true };
      return later(tape, linear, { inputs: sum.inputs, attributes }, shape);
    }
    const { y } = tape.apply(transpose, { x }, { axes: [1, 0, 2] });
    return tape.apply(reshape, { x: y }, { shape }).y;
  }
}

export interface RecurrentOptions {
  /** Default true. */
  bias?: boolean;
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
    { bias = true }: RecurrentOptions,
    init?: (bound: number) => Record<'bias_ih' | 'bias_hh', Init>,
  ) {
    super();
    const bound = 1 / Math.sqrt(hiddenSize);
    const { bias_ih, bias_hh } = init?.(bound) ?? {
      bias_ih: uniform(bound),
      bias_hh: uniform(bound),
    };
    this.weight_ih_l0 = weight([gates * hiddenSize, inputSize], bound);
    this.weight_hh_l0 = weight([gates * hiddenSize, hiddenSize], bound);
    if (bias) {
      this.bias_ih_l0 = new Parameter([gates * hiddenSize], bias_ih);
      this.bias_hh_l0 = new Parameter([gates * hiddenSize], bias_hh);
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
  /** @param options `forgetBias`: the forget gate begins with a bias of 1, so that a new cell remembers */
  constructor(
    inputSize: number,
    hiddenSize: number,
    options: RecurrentOptions & { forgetBias?: boolean } = {},
  ) {
    const open = (bound: number) => ({ bias_ih: forgetOne(bound), bias_hh: zeros });
    super(4, inputSize, hiddenSize, options, options.forgetBias ? open : undefined);
  }

  sequence(
    pass: Pass,
    x: Value,
    state: { h0?: Value; c0?: Value } = {},
  ): { hs: Value; h_n: Value; c_n: Value } {
    const { tape, lengths } = pass;
    const carried = pass.remembered(this.hiddenSize, 'h0', 'c0');
    const inputs = { x, ...this.weights, ...state, ...carried, lengths };
    return tape.apply(lstm, inputs, { updateState: carried !== undefined });
  }
}

/** x [T, N, I] -> hs [T, N, H]. `sequence` also gives the last state, and begins with a given one. */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(3, inputSize, hiddenSize, options);
  }

  sequence(pass: Pass, x: Value, state: { h0?: Value } = {}): { hs: Value; h_n: Value } {
    const { tape, lengths } = pass;
    const carried = pass.remembered(this.hiddenSize, 'h0');
    const read = tape.apply(gru, { x, ...this.weights, ...state, ...carried, lengths }, {});
    if (carried)
      tape.dispatch(copyStrided, { x: read.h_n, y: carried.h0 }, sameOrder(read.h_n.shape));
    return read;
  }
}
