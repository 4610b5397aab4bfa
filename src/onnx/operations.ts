import { FacegradError } from '../gpu/errors';
import { pair, windowOf } from '../kernels/window';
import { add as addAlike } from '../tape/operations/add';
import { batchNorm } from '../tape/operations/batch_norm';
import { gru } from '../tape/operations/gru';
import * as operations from '../tape/operations';
import { lstm } from '../tape/operations/lstm';
import type { Value } from '../tape/value';
import type { AnyOperation, Applied, Convert, Step, Writer } from './trace';

const refuse = (what: string): never => {
  throw new FacegradError('unsupported', `ONNX export: ${what}`);
};

/** One node of one input, or of two. */
const unary =
  (
    op: string,
    attributes: (a: Applied['attributes']) => Record<string, { float: number }> = () => ({}),
  ): Convert =>
  (onnx, { one }) => ({ y: onnx.node(op, [one.inputs.x!], attributes(one.attributes)) });
const binary =
  (op: string): Convert =>
  (onnx, { one }) => ({ y: onnx.node(op, [one.inputs.a!, one.inputs.b!]) });

const reduction =
  (op: string): Convert =>
  (onnx, { one: { inputs, attributes } }) => {
    const rank = inputs.x!.shape.length;
    const given: number | readonly number[] | undefined = attributes.axes;
    const axes = (
      typeof given === 'number' ? [given] : (given ?? inputs.x!.shape.map((_, i) => i))
    ).map((axis) => (axis < 0 ? axis + rank : axis));
    const keepdims = attributes.keepDims ? 1 : 0;
    // The sum has had its axes as an input since opset 13, the others since 18.
    return {
      y:
        op === 'ReduceSum'
          ? onnx.node(op, [inputs.x!, onnx.integers(axes)], { keepdims })
          : onnx.node(op, [inputs.x!], { axes, keepdims }),
    };
  };

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

/** Weights of a recurrent layer in ONNX's order of gates: W, R and B with an axis for the direction. */
function recurrentWeights(onnx: Writer, { inputs }: Applied, order: readonly number[]) {
  const { weight_ih, weight_hh, bias_ih, bias_hh } = inputs;
  const moved = (value: Value) => {
    const data = onnx.dataOf(value);
    const gate = data.length / order.length;
    return order.flatMap((k) => [...data.subarray(k * gate, (k + 1) * gate)]);
  };
  const [W, R] = [weight_ih!, weight_hh!].map((value) =>
    onnx.constant([1, ...value.shape], Float32Array.from(moved(value))),
  );
  if (!bias_ih && !bias_hh) return [W, R, ''];
  const none = new Array(weight_hh!.shape[0]).fill(0);
  const both = [bias_ih, bias_hh].flatMap((value) => (value ? moved(value) : none));
  return [W, R, onnx.constant([1, both.length], Float32Array.from(both))];
}

const recurrent =
  (op: 'LSTM' | 'GRU', order: readonly number[]): Convert =>
  (onnx, { one, other }) => {
    const { inputs, outputs, attributes } = one;
    const hidden = inputs.weight_hh!.shape[1];
    const begin = (value?: Value) =>
      value && !attributes.zeroState
        ? onnx.node('Reshape', [value, onnx.integers([1, -1, hidden])])
        : '';
    const given = [
      onnx.get(inputs.x!),
      ...recurrentWeights(onnx, one, order),
      inputs.lengths ? onnx.get(inputs.lengths) : '',
      begin(inputs.h0),
      ...(op === 'LSTM' ? [begin(inputs.c0)] : []),
    ];
    const [hs, h_n, c_n] = onnx.nodes(op, op === 'LSTM' ? 3 : 2, given, {
      hidden_size: hidden,
      direction: attributes.reverse ? 'reverse' : 'forward',
      ...(op === 'GRU' ? { linear_before_reset: attributes.resetFirst ? 0 : 1 } : {}),
    });
    const view = (name: string, key: string) =>
      onnx.node('Reshape', [
        name,
        onnx.integers(onnx.shape(outputs[key].shape, other.outputs[key].shape)),
      ]);
    return { hs: view(hs, 'hs'), h_n: view(h_n, 'h_n'), ...(c_n ? { c_n: view(c_n, 'c_n') } : {}) };
  };

const reshapeTo = (
  onnx: Writer,
  x: Value | string,
  one: readonly number[],
  other: readonly number[],
) => onnx.node('Reshape', [x, onnx.integers(onnx.shape(one, other))]);

const CONVERTERS: [AnyOperation, Convert][] = [
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
    operations.convTranspose2d,
    (onnx, { one: { inputs, outputs, attributes } }) => {
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
    },
  ],
  [operations.maxPool2d, pool('MaxPool')],
  [operations.avgPool2d, pool('AveragePool')],
  [operations.globalAvgPool, unary('GlobalAveragePool')],
  [operations.globalMaxPool, unary('GlobalMaxPool')],
  [
    batchNorm,
    (onnx, { one, other }) => {
      const { x, gamma, beta, running_mean, running_var } = one.inputs;
      // The kernels' leading axis, of length 1, is not ONNX's.
      const plain = (of: Applied) => of.inputs.x!.shape.slice(1);
      const y = onnx.node(
        'BatchNormalization',
        [reshapeTo(onnx, x!, plain(one), plain(other)), gamma!, beta!, running_mean!, running_var!],
        { epsilon: { float: one.attributes.eps ?? 1e-5 } },
      );
      return { y: reshapeTo(onnx, y, one.outputs.y.shape, other.outputs.y.shape) };
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
  [
    operations.linear,
    (onnx, { one: { inputs, attributes } }) => {
      const { x, weight, bias } = inputs;
      if (weight!.shape.length !== 2) refuse('a linear layer of several groups');
      let y: string;
      if (x!.shape.length === 2) {
        y = onnx.node('Gemm', [x!, weight!, ...(bias ? [bias] : [])], { transB: 1 });
      } else {
        y = onnx.node('MatMul', [x!, onnx.node('Transpose', [weight!], { perm: [1, 0] })]);
        if (bias) y = onnx.node('Add', [y, bias]);
      }
      return { y: attributes.relu ? onnx.node('Relu', [y]) : y };
    },
  ],
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
  [operations.matmul, binary('MatMul')],
  [lstm, recurrent('LSTM', [0, 3, 1, 2])], // i f g o -> i o f c
  [gru, recurrent('GRU', [1, 0, 2])], // r z n -> z r h

  [
    operations.reshape,
    (onnx, { one, other }) => ({
      y: reshapeTo(onnx, one.inputs.x!, one.outputs.y.shape, other.outputs.y.shape),
    }),
  ],
  [
    operations.transpose,
    (onnx, { one: { inputs, attributes } }) => {
      const rank = inputs.x!.shape.length;
      const axes: readonly number[] =
        attributes.axes ?? inputs.x!.shape.map((_, i) => rank - 1 - i);
      return {
        y: onnx.node('Transpose', [inputs.x!], { perm: axes.map((a) => (a < 0 ? a + rank : a)) }),
      };
    },
  ],
  [
    operations.expand,
    (onnx, { one, other }) => {
      const shape = one.outputs.y.shape;
      if (
        shape.join() !== other.outputs.y.shape.join() &&
        one.inputs.x!.shape.join() === other.inputs.x!.shape.join()
      ) {
        refuse('an expansion to the number of samples');
      }
      // 1 leaves an extent as it is.
      const wanted = shape.map((extent, i) => (extent === other.outputs.y.shape[i] ? extent : 1));
      return { y: onnx.node('Expand', [one.inputs.x!, onnx.integers(wanted)]) };
    },
  ],
  [
    operations.concat,
    (onnx, { one: { inputs, attributes } }) => {
      const parts = Object.values(inputs) as Value[];
      const axis = attributes.axis ?? 0;
      return {
        y: onnx.node('Concat', parts, { axis: axis < 0 ? axis + parts[0].shape.length : axis }),
      };
    },
  ],
  [
    operations.slice,
    (onnx, { one: { inputs, attributes } }) => {
      const {
        starts,
        ends,
        axes = starts.map((_: number, i: number) => i),
        steps = starts.map(() => 1),
      } = attributes;
      return {
        y: onnx.node('Slice', [
          inputs.x!,
          ...[starts, ends, axes, steps].map((v) => onnx.integers(v)),
        ]),
      };
    },
  ],
  [
    operations.pad,
    (onnx, { one: { inputs, attributes } }) => {
      const { before, after, mode = 'constant', value = 0 } = attributes;
      if (mode === 'wrap') refuse('a border that wraps'); // since opset 19
      const pads = onnx.integers([...before, ...after]);
      return { y: onnx.node('Pad', [inputs.x!, pads, onnx.number(value)], { mode }) };
    },
  ],

  [operations.softmax, (onnx, step) => ({ y: alongAxis(onnx, 'Softmax', step) })],
  [operations.logSoftmax, (onnx, step) => ({ y: alongAxis(onnx, 'LogSoftmax', step) })],
  [
    operations.normalize,
    (onnx, { one: { inputs, attributes } }) => {
      const { axis = -1, epsilon = 1e-12 } = attributes;
      const axes = [axis < 0 ? axis + inputs.x!.shape.length : axis];
      const norm = onnx.node('ReduceL2', [inputs.x!], { axes, keepdims: 1 });
      return { y: onnx.node('Div', [inputs.x!, onnx.node('Max', [norm, onnx.number(epsilon)])]) };
    },
  ],

  [addAlike, binary('Add')],
  [operations.add, binary('Add')],
  [operations.sub, binary('Sub')],
  [operations.mul, binary('Mul')],
  [operations.div, binary('Div')],
  [operations.maximum, binary('Max')],
  [operations.minimum, binary('Min')],
  [operations.pow, binary('Pow')],
  [
    operations.prelu,
    (onnx, { one }) => ({ y: onnx.node('PRelu', [one.inputs.x!, one.inputs.slope!]) }),
  ],

  [operations.relu, unary('Relu')],
  [operations.neg, unary('Neg')],
  [operations.abs, unary('Abs')],
  [operations.exp, unary('Exp')],
  [operations.log, unary('Log')],
  [operations.sqrt, unary('Sqrt')],
  [operations.reciprocal, unary('Reciprocal')],
  [operations.sigmoid, unary('Sigmoid')],
  [operations.tanh, unary('Tanh')],
  [operations.softplus, unary('Softplus')],
  [operations.softsign, unary('Softsign')],
  [operations.ceil, unary('Ceil')],
  [operations.floor, unary('Floor')],
  [operations.sign, unary('Sign')],
  [operations.sin, unary('Sin')],
  [operations.cos, unary('Cos')],
  [operations.tan, unary('Tan')],
  [operations.erf, unary('Erf')],
  [operations.hardSwish, unary('HardSwish')],
  [operations.leakyRelu, unary('LeakyRelu', ({ slope = 0.01 }) => ({ alpha: { float: slope } }))],
  [operations.elu, unary('Elu', ({ alpha = 1 }) => ({ alpha: { float: alpha } }))],
  [operations.celu, unary('Celu', ({ alpha = 1 }) => ({ alpha: { float: alpha } }))],
  [
    operations.hardSigmoid,
    unary('HardSigmoid', ({ alpha = 1 / 6, beta = 0.5 }) => ({
      alpha: { float: alpha },
      beta: { float: beta },
    })),
  ],
  [operations.square, (onnx, { one }) => ({ y: onnx.node('Mul', [one.inputs.x!, one.inputs.x!]) })],
  [
    operations.silu,
    (onnx, { one }) => ({
      y: onnx.node('Mul', [one.inputs.x!, onnx.node('Sigmoid', [one.inputs.x!])]),
    }),
  ],
  [
    operations.gelu,
    (onnx, { one }) => {
      const share = onnx.node('Erf', [
        onnx.node('Mul', [one.inputs.x!, onnx.number(Math.SQRT1_2)]),
      ]);
      const half = onnx.node('Mul', [one.inputs.x!, onnx.number(0.5)]);
      return { y: onnx.node('Mul', [half, onnx.node('Add', [share, onnx.number(1)])]) };
    },
  ],
  [
    operations.affine,
    (onnx, { one: { inputs, attributes } }) => {
      const { scale = 1, shift = 0 } = attributes;
      const scaled = onnx.node('Mul', [inputs.x!, onnx.number(scale)]);
      return { y: onnx.node('Add', [scaled, onnx.number(shift)]) };
    },
  ],
  [
    operations.clip,
    (onnx, { one: { inputs, attributes } }) => {
      const bound = (value?: number) => (value === undefined ? '' : onnx.number(value));
      return { y: onnx.node('Clip', [inputs.x!, bound(attributes.min), bound(attributes.max)]) };
    },
  ],

  [operations.sum, reduction('ReduceSum')],
  [operations.mean, reduction('ReduceMean')],
  [operations.max, reduction('ReduceMax')],
  [operations.min, reduction('ReduceMin')],
  [operations.prod, reduction('ReduceProd')],
  [operations.l1Norm, reduction('ReduceL1')],
  [operations.l2Norm, reduction('ReduceL2')],
  [operations.sumSquare, reduction('ReduceSumSquare')],
  [operations.logSum, reduction('ReduceLogSum')],
  [operations.logSumExp, reduction('ReduceLogSumExp')],
];

function alongAxis(onnx: Writer, op: string, { one: { inputs, attributes } }: Step): string {
  const axis = attributes.axis ?? -1;
  return onnx.node(op, [inputs.x!], { axis: axis < 0 ? axis + inputs.x!.shape.length : axis });
}

/** How operations of the tape are written as ONNX. */
export const converters = (): ReadonlyMap<AnyOperation, Convert> => new Map(CONVERTERS);
