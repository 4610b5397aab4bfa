import { pair, windowOf } from '../kernels/window';
import * as operations from '../tape/operations';
import { batchNormStreams } from '../tape/operations/batch_norm';
import { addChannelBias } from '../tape/operations/conv2d';
import { conv } from '../tape/operations/conv';
import { conv5x5 } from '../tape/operations/conv5x5';
import { maxPool } from '../tape/operations/max_pool';
import { relayout } from '../tape/operations/relayout';
import type { Value } from '../tape/value';
import type { AnyOperation, Applied } from './trace';
import {
  inputShapes,
  ofStream,
  outputShapes,
  refuse,
  type Convert,
  type Shapes,
  type Writer,
} from './writer';

function windowAttributes(
  attributes: Applied['attributes'],
  kernel: readonly [number, number],
  x: Value,
) {
  const { stride, dilation, before, after } = windowOf(
    'export',
    kernel,
    x.shape.slice(-2),
    attributes,
  );
  return {
    kernel_shape: kernel,
    strides: stride,
    dilations: dilation,
    pads: [...before, ...after],
  };
}

const pool =
  (op: string): Convert =>
  (onnx, { one: { inputs, attributes } }) => {
    const kernel = pair(attributes.kernel);
    const { dilations, ...window } = windowAttributes(
      { ...attributes, stride: attributes.stride ?? kernel },
      kernel,
      inputs.x!,
    );
    const ceil_mode = attributes.ceilMode ? 1 : 0;
    if (op === 'MaxPool')
      return { y: onnx.node(op, [inputs.x!], { ...window, dilations, ceil_mode }) };
    if (attributes.divisor || dilations.some((d) => d !== 1))
      refuse('an average pool with a divisor or dilation');
    const count_include_pad = (attributes.countIncludePad ?? true) ? 1 : 0;
    return { y: onnx.node(op, [inputs.x!], { ...window, ceil_mode, count_include_pad }) };
  };

const convTranspose2d: Convert = (onnx, { one: { inputs, outputs, attributes } }) => {
  const { x, weight, bias } = inputs;
  const { padding } = attributes;
  if (typeof padding === 'string' && padding !== 'valid') {
    refuse(`a transposed convolution with padding '${padding}'`);
  }
  const kernel = [weight!.shape[2], weight!.shape[3]] as const;
  const window = windowAttributes(attributes, kernel, x!);
  const { strides, dilations, pads } = window;
  const output_padding = [0, 1].map((i) => {
    const whole = (x!.shape[2 + i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1;
    return outputs.y.shape[2 + i] - (whole - pads[i] - pads[i + 2]);
  });
  if (output_padding.some((n) => n < 0)) refuse('a transposed convolution that cuts its end');
  const group = attributes.groups ?? 1;
  const given = [x!, weight!, ...(bias ? [bias] : [])];
  return { y: onnx.node('ConvTranspose', given, { ...window, output_padding, group }) };
};

/** y = x weight^T + bias of one stream. */
function product(
  onnx: Writer,
  [x, weight, bias]: readonly string[],
  [from, to]: readonly [Shapes, Shapes],
): string {
  const rows = onnx.reshaped(x, from, to);
  if (to[0].length === 2) {
    return onnx.node('Gemm', [rows, weight, ...(bias ? [bias] : [])], { transB: 1 });
  }
  const y = onnx.node('MatMul', [rows, onnx.node('Transpose', [weight], { perm: [1, 0] })]);
  return bias ? onnx.node('Add', [y, bias]) : y;
}

const dense: Convert = (onnx, step) => {
  const { inputs, attributes } = step.one;
  const { x, weight, bias } = inputs;
  const leading = weight!.shape.length === 3;
  const [features] = weight!.shape.slice(-1);
  // Features of x are its trailing axes of so many elements; `sideBySide` puts those of all streams in one row.
  const rows = (y: readonly number[]) =>
    y.slice(leading && !attributes.sideBySide ? 1 : 0, -1).concat(features);
  const [one, other] = outputShapes(step);
  const to: Shapes = [rows(one), rows(other)];
  const each = (x: string, weight: string, bias: string, from: Shapes) => {
    const y = product(onnx, [x, weight, bias], [from, to]);
    return attributes.relu ? onnx.node('Relu', [y]) : y;
  };
  const shapes = inputShapes(step, 'x');
  if (!leading) {
    return { y: each(onnx.get(x!), onnx.get(weight!), bias ? onnx.get(bias) : '', shapes) };
  }
  const weights = onnx.streams(weight!);
  const biases = bias ? onnx.streams(bias) : weights.map(() => '');
  const ys = onnx
    .streams(x!)
    .map((stream, g) => each(stream, weights[g], biases[g], ofStream(shapes)));
  if (!attributes.sideBySide) return { y: ys };
  return { y: ys.length === 1 ? ys[0] : onnx.node('Concat', ys, { axis: 1 }) };
};

/** x as another shape, of every stream where they stay apart. */
const reshape: Convert = (onnx, step) => {
  const { x } = step.one.inputs;
  const [from, to] = [inputShapes(step, 'x'), outputShapes(step)];
  const streams = onnx.inStreams(x!) ? onnx.streams(x!) : [];
  if (streams.length > 0 && from.every(([count], i) => to[i][0] === count)) {
    return { y: streams.map((name) => onnx.reshaped(name, ofStream(from), ofStream(to))) };
  }
  const [name, shapes] =
    streams.length === 1 ? [streams[0], ofStream(from)] : ([onnx.get(x!), from] as const);
  // A leading axis of 1 is most often that of the kernels, which ONNX does not want.
  return to.every((shape) => shape.length > 1 && shape[0] === 1)
    ? { y: [onnx.reshaped(name, shapes, ofStream(to))] }
    : { y: onnx.reshaped(name, shapes, to) };
};

export const LAYERS: [AnyOperation, Convert][] = [
  [
    operations.conv2d,
    (onnx, { one: { inputs, attributes } }) => {
      const { x, weight, bias } = inputs;
      const kernel = [weight!.shape[2], weight!.shape[3]] as const;
      return {
        y: onnx.node('Conv', [x!, weight!, ...(bias ? [bias] : [])], {
          ...windowAttributes(attributes, kernel, x!),
          group: attributes.groups ?? 1,
        }),
      };
    },
  ],
  [
    conv,
    (onnx, { one: { inputs, attributes } }) => {
      const { x, weight, bias } = inputs;
      const group = attributes.groups ?? 1;
      const kernel = weight!.shape.slice(group === 1 ? 2 : 3) as [number, number];
      const window = { ...windowAttributes(attributes, [kernel[0], kernel[1]], x!), group };
      const weights = onnx.constants(weight!);
      const biases = bias && onnx.streams(bias);
      const convolve = (x: string, g: number) =>
        onnx.node('Conv', [x, weights[g], ...(biases ? [biases[g]] : [])], window);
      return { y: onnx.streams(x!).map(convolve) };
    },
  ],
  [
    conv5x5,
    (onnx, { one: { inputs } }) => {
      const weights = onnx.constants(inputs.weight!);
      const window = { kernel_shape: [5, 5], pads: [2, 2, 2, 2] };
      const convolve = (x: string, g: number) => onnx.node('Conv', [x, weights[g]], window);
      return { y: onnx.streams(inputs.x!).map(convolve) };
    },
  ],
  [
    addChannelBias,
    (onnx, { one: { inputs } }) => {
      const biases = onnx.streams(inputs.bias!);
      const axes = onnx.integers([1, 2]);
      const add = (x: string, g: number) =>
        onnx.node('Add', [x, onnx.node('Unsqueeze', [biases[g], axes])]);
      return { y: onnx.streams(inputs.x!).map(add) };
    },
  ],
  [operations.convTranspose2d, convTranspose2d],
  [
    maxPool,
    (onnx, { one: { inputs, attributes } }) => {
      const { shape } = inputs.x!;
      const side = [attributes.window, attributes.window];
      const over = (x: string) => onnx.node('MaxPool', [x], { kernel_shape: side, strides: side });
      if (shape.length === 5) return { y: onnx.streams(inputs.x!).map(over) };
      if (shape.length !== 4) refuse(`a max-pool of [${shape}]`);
      return { y: over(onnx.get(inputs.x!)) };
    },
  ],
  [operations.maxPool2d, pool('MaxPool')],
  [operations.avgPool2d, pool('AveragePool')],
  [
    operations.globalAvgPool,
    (onnx, { one }) => ({ y: onnx.node('GlobalAveragePool', [one.inputs.x!]) }),
  ],
  [
    operations.globalMaxPool,
    (onnx, { one }) => ({ y: onnx.node('GlobalMaxPool', [one.inputs.x!]) }),
  ],
  [
    batchNormStreams,
    (onnx, { one: { inputs, attributes } }) => {
      const { x, gamma, beta, running_mean, running_var } = inputs;
      const numbers = [gamma, beta, running_mean, running_var].map((v) => onnx.streams(v!));
      const epsilon = { float: attributes.eps ?? 1e-5 };
      const norm = (x: string, g: number) => {
        const given = [x, ...numbers.map((streams) => streams[g])];
        return onnx.node('BatchNormalization', given, { epsilon });
      };
      return { y: onnx.streams(x!).map(norm) };
    },
  ],
  [
    operations.localResponseNorm,
    (onnx, { one: { inputs, attributes } }) => {
      const { size: channels, alpha = 1e-4, beta = 0.75, k = 1 } = attributes;
      if (channels % 2 === 0) refuse('a local response norm of an even size'); // its middle is elsewhere
      const numbers = { alpha: { float: alpha }, beta: { float: beta }, bias: { float: k } };
      return { y: onnx.node('LRN', [inputs.x!], { size: channels, ...numbers }) };
    },
  ],
  [operations.linear, dense],
  [
    operations.gemm,
    (onnx, { one: { inputs, attributes } }) => {
      const { a, b, c } = inputs;
      if (a!.shape.length !== 2) refuse('a gemm of several matrices');
      const { transA, transB, alpha = 1, beta = 1 } = attributes;
      return {
        y: onnx.node('Gemm', [a!, b!, ...(c ? [c] : [])], {
          transA: transA ? 1 : 0,
          transB: transB ? 1 : 0,
          alpha: { float: alpha },
          beta: { float: beta },
        }),
      };
    },
  ],
  [operations.reshape, reshape],
  // The kernels' borders and row strides are not ONNX's.
  [relayout, (onnx, { one: { inputs } }) => ({ y: onnx.each([inputs.x!], (x) => x) })],
];
