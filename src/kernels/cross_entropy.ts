import backwardShader from '../../shaders/cross_entropy/backward.wgsl';
import forwardShader from '../../shaders/cross_entropy/forward.wgsl';
import reduceShader from '../../shaders/cross_entropy/reduce.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

/** `mean` is PyTorch's: the sum over the samples, divided by the weights of their classes. */
export type Reduction = 'none' | 'mean' | 'sum';

export interface CrossEntropyAttributes {
  /** Whether x holds scores, of which log_softmax is taken first; else log-probabilities. */
  logSoftmax: boolean;
  /** Whether `weight` is given; where not, it may be any buffer. */
  hasWeight?: boolean;
  /** Of the classes; by default the second, or the only one. */
  axis?: number;
  /** Samples of this label count for nothing; default -100. So do labels that are no class. */
  ignoreIndex?: number;
  /** Share of the target that is spread evenly over the classes. */
  smoothing?: number;
}

/** x [N, C, ...] and labels [N, ...]. */
function extents(x: TensorSpec, labels: TensorSpec, { axis: given }: CrossEntropyAttributes) {
  const axis = given ?? (x.shape.length === 1 ? 0 : 1);
  const classes = x.shape[axis];
  const wanted = [...x.shape.slice(0, axis), ...x.shape.slice(axis + 1)];
  if (x.shape.length === 0 || x.layout || wanted.join() !== labels.shape.join()) {
    throw new FacegradError(
      'bad-input',
      `cross_entropy: x [${x.shape}] with the classes on axis ${axis} needs labels [${wanted}], not [${labels.shape}]`,
      { operation: 'cross_entropy', wanted, available: labels.shape },
    );
  }
  return { samples: size(labels.shape), classes, inner: size(x.shape.slice(axis + 1)) };
}

const settings = ({ ignoreIndex = -100, smoothing = 0 }: CrossEntropyAttributes) => ({
  ignored: ignoreIndex >>> 0,
  smoothing,
});

const flags = ({ logSoftmax, hasWeight }: CrossEntropyAttributes) => ({
  LOG_SOFTMAX: Number(logSoftmax),
  HAS_WEIGHT: Number(hasWeight ?? false),
});

/** x [N, C, ...], labels u32 [N, ...], weight [C] -> loss and share [N, ...], log_prob of x's shape. */
export const crossEntropyForward = defineKernel({
  name: 'cross_entropy.forward',
  shader: forwardShader,
  outputs: (
    { x, labels }: Record<'x' | 'labels' | 'weight', TensorSpec>,
    attributes: CrossEntropyAttributes,
  ) => {
    extents(x, labels, attributes);
    return { loss: f32(labels.shape), share: f32(labels.shape), log_prob: f32(x.shape) };
  },
  params: ({ x, labels }, attributes) => ({
    ...extents(x, labels, attributes),
    ...settings(attributes),
  }),
  overrides: (_, attributes) => flags(attributes),
  workgroups: ({ labels }) => linear(size(labels.shape), 64),
  flops: ({ x }) => 6 * size(x.shape),
});

type BackwardInput = 'log_prob' | 'labels' | 'weight' | 'dy' | 'divisor';

/** dx from dy, of the losses one by one or (`reduced`) of what `crossEntropyReduce` made of them. */
export const crossEntropyBackward = defineKernel({
  name: 'cross_entropy.backward',
  shader: backwardShader,
  outputs: (
    { log_prob }: Record<BackwardInput, TensorSpec>,
    _: CrossEntropyAttributes & { reduced: boolean },
  ) => ({ dx: log_prob }),
  params: ({ log_prob, labels }, attributes) => ({
    ...extents(log_prob, labels, attributes),
    ...settings(attributes),
  }),
  overrides: (_, attributes) => ({ ...flags(attributes), REDUCED: Number(attributes.reduced) }),
  workgroups: ({ labels }) => linear(size(labels.shape), 64),
  flops: ({ log_prob }) => 4 * size(log_prob.shape),
});

/** y [] = sum of loss / divisor, where the divisor is the sum of the shares, or 1. */
export const crossEntropyReduce = defineKernel({
  name: 'cross_entropy.reduce',
  shader: reduceShader,
  outputs: (_: Record<'loss' | 'share', TensorSpec>, __: { mean: boolean }) => ({
    y: f32([]),
    divisor: f32([]),
  }),
  params: ({ loss }) => ({ length: size(loss.shape) }),
  overrides: (_, { mean }) => ({ MEAN: Number(mean) }),
  workgroups: () => [1, 1, 1],
  flops: ({ loss }) => 2 * size(loss.shape),
});
