import { axisOf } from '../kernels/kernel';
import * as operations from '../tape/operations';
import { add as addAlike } from '../tape/operations/add';
import type { Value } from '../tape/value';
import { LAYERS } from './layers';
import { RECURRENT } from './recurrent';
import type { AnyOperation, Applied } from './trace';
import { inputShapes, outputShapes, refuse, type Convert, type Step, type Writer } from './writer';

type Attributes = Applied['attributes'];

/** An operation on every element, of one operand or of two. */
const unary =
  (
    op: string,
    attributes: (a: Attributes) => Record<string, { float: number }> = () => ({}),
  ): Convert =>
  (onnx, { one }) => ({
    y: onnx.each([one.inputs.x!], (x) => onnx.node(op, [x], attributes(one.attributes))),
  });
const binary =
  (op: string): Convert =>
  (onnx, { one: { inputs } }) => ({
    y: onnx.each([inputs.a!, inputs.b!], (a, b) => onnx.node(op, [a, b])),
  });

/** The same as several nodes. */
const composed =
  (write: (onnx: Writer, x: string, attributes: Attributes) => string): Convert =>
  (onnx, { one }) => ({
    y: onnx.each([one.inputs.x!], (x) => write(onnx, x, one.attributes)),
  });

const ELEMENTWISE: [AnyOperation, Convert][] = [
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
  [operations.square, composed((onnx, x) => onnx.node('Mul', [x, x]))],
  [operations.silu, composed((onnx, x) => onnx.node('Mul', [x, onnx.node('Sigmoid', [x])]))],
  [
    operations.gelu,
    composed((onnx, x) => {
      const share = onnx.node('Erf', [onnx.node('Mul', [x, onnx.number(Math.SQRT1_2)])]);
      const half = onnx.node('Mul', [x, onnx.number(0.5)]);
      return onnx.node('Mul', [half, onnx.node('Add', [share, onnx.number(1)])]);
    }),
  ],
  [
    operations.affine,
    composed((onnx, x, { scale = 1, shift = 0 }) => {
      const scaled = onnx.node('Mul', [x, onnx.number(scale)]);
      return onnx.node('Add', [scaled, onnx.number(shift)]);
    }),
  ],
  [
    operations.clip,
    composed((onnx, x, { min, max }) => {
      const bound = (value?: number) => (value === undefined ? '' : onnx.number(value));
      return onnx.node('Clip', [x, bound(min), bound(max)]);
    }),
  ],
];

const reduction =
  (op: string): Convert =>
  (onnx, { one: { inputs, attributes } }) => {
    const { shape } = inputs.x!;
    const given: number | readonly number[] = attributes.axes ?? shape.map((_, i) => i);
    const axes = (typeof given === 'number' ? [given] : given).map((axis) =>
      axisOf(op, axis, shape.length),
    );
    const keepdims = attributes.keepDims ? 1 : 0;
    // The sum has had its axes as an input since opset 13, the others since 18.
    return {
      y:
        op === 'ReduceSum'
          ? onnx.node(op, [inputs.x!, onnx.integers(axes)], { keepdims })
          : onnx.node(op, [inputs.x!], { axes, keepdims }),
    };
  };

const alongAxis =
  (op: string): Convert =>
  (onnx, { one: { inputs, attributes } }) => {
    const axis = axisOf(op, attributes.axis ?? -1, inputs.x!.shape.length);
    return { y: onnx.node(op, [inputs.x!], { axis }) };
  };

const ALONG_AXES: [AnyOperation, Convert][] = [
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
  [operations.softmax, alongAxis('Softmax')],
  [operations.logSoftmax, alongAxis('LogSoftmax')],
  [
    operations.cumsum,
    (onnx, { one: { inputs, attributes } }) => {
      const axis = axisOf('cumsum', attributes.axis ?? -1, inputs.x!.shape.length);
      return { y: onnx.node('CumSum', [inputs.x!, onnx.integers([axis])]) };
    },
  ],
  [
    operations.normalize,
    (onnx, { one: { inputs, attributes } }) => {
      const { axis = -1, epsilon = 1e-12 } = attributes;
      const axes = [axisOf('normalize', axis, inputs.x!.shape.length)];
      const norm = onnx.node('ReduceL2', [inputs.x!], { axes, keepdims: 1 });
      return { y: onnx.node('Div', [inputs.x!, onnx.node('Max', [norm, onnx.number(epsilon)])]) };
    },
  ],
  [
    operations.matmul,
    (onnx, { one }) => ({ y: onnx.node('MatMul', [one.inputs.a!, one.inputs.b!]) }),
  ],
];

/** For ONNX any end past the last element. */
const END = 2 ** 31 - 1;

/** Where a slice begins or ends: as said, or, where that depends on the extent, counted from the end. */
function bounds(step: Step, key: 'starts' | 'ends', axes: readonly number[]): number[] {
  const [one, other] = inputShapes(step, 'x');
  return axes.map((axis, i) => {
    const [here, there] = [step.one, step.other].map(({ attributes }) => attributes[key][i]);
    if (here === there) return here;
    const fromEnd = here - one[axis];
    if (fromEnd !== there - other[axis]) {
      refuse('a slice that depends on the number of samples or frames');
    }
    return fromEnd < 0 ? fromEnd : END;
  });
}

const SHAPES: [AnyOperation, Convert][] = [
  [
    operations.transpose,
    (onnx, { one: { inputs, attributes } }) => {
      const rank = inputs.x!.shape.length;
      const axes: readonly number[] =
        attributes.axes ?? inputs.x!.shape.map((_, i) => rank - 1 - i);
      const perm = axes.map((axis) => axisOf('transpose', axis, rank));
      return { y: onnx.node('Transpose', [inputs.x!], { perm }) };
    },
  ],
  [
    operations.expand,
    (onnx, step) => {
      const [from, to] = [inputShapes(step, 'x'), outputShapes(step)];
      const lacks = to[0].length - from[0].length;
      // 1 leaves an extent as it is.
      const kept = (i: number) => to.every((shape, pass) => shape[i] === from[pass][i - lacks]);
      const wanted = to.map((shape) => shape.map((extent, i) => (kept(i) ? 1 : extent)));
      const shape = onnx.shape([wanted[0], wanted[1]], false);
      return { y: onnx.node('Expand', [step.one.inputs.x!, shape]) };
    },
  ],
  [
    operations.concat,
    (onnx, { one: { inputs, attributes } }) => {
      const parts = Object.values(inputs) as Value[];
      const axis = axisOf('concat', attributes.axis ?? 0, parts[0].shape.length);
      return { y: onnx.node('Concat', parts, { axis }) };
    },
  ],
  [
    operations.slice,
    (onnx, step) => {
      const { inputs, attributes } = step.one;
      const { shape } = inputs.x!;
      const given: readonly number[] = attributes.starts;
      const axes = ((attributes.axes ?? given.map((_, i) => i)) as number[]).map((axis) =>
        axisOf('slice', axis, shape.length),
      );
      const steps: readonly number[] = attributes.steps ?? given.map(() => 1);
      const lists = [bounds(step, 'starts', axes), bounds(step, 'ends', axes), axes, steps];
      return {
        y: onnx.node('Slice', [inputs.x!, ...lists.map((list) => onnx.integers(list))]),
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
];

/** How operations of the tape are written as ONNX. */
export const converters = (): ReadonlyMap<AnyOperation, Convert> =>
  new Map([...LAYERS, ...RECURRENT, ...ELEMENTWISE, ...ALONG_AXES, ...SHAPES]);
