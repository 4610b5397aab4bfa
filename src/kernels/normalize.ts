import backwardShader from '../../shaders/normalize/backward.wgsl';
import forwardShader from '../../shaders/normalize/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import { axisOf, defineKernel, f32, linear, size, type TensorSpec } from './kernel';

export interface NormalizeAttributes {
  /** Along which axis rows lie, from the end where negative; the last where not said. */
  axis?: number;
  /** Least divisor; default 1e-12. */
  epsilon?: number;
}

function params(
  { shape, layout }: TensorSpec,
  { axis: given = -1, epsilon = 1e-12 }: NormalizeAttributes,
) {
  const axis = axisOf('normalize', given, shape.length);
  if (layout || !(epsilon > 0)) {
    throw new FacegradError(
      'bad-input',
      `normalize needs a dense x and an epsilon above 0, got ${epsilon}`,
      {
        operation: 'normalize',
        wanted: epsilon,
        available: shape,
      },
    );
  }
  const inner = size(shape.slice(axis + 1));
  return { rows: size(shape.slice(0, axis)) * inner, features: shape[axis], inner, epsilon };
}

/** y = x / max(norm, epsilon), and the norms, of x's shape without the axis. */
export const normalizeForward = defineKernel({
  name: 'normalize.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>, attributes: NormalizeAttributes) => {
    const axis = axisOf('normalize', attributes.axis ?? -1, x.shape.length);
    return { y: x, norm: f32(x.shape.filter((_, i) => i !== axis)) };
  },
  params: ({ x }, attributes) => params(x, attributes),
  workgroups: ({ x }, attributes) => linear(params(x, attributes).rows, 64),
  flops: ({ x }) => 5 * size(x.shape),
});

/** dx = (dy - y (y . dy)) / norm. */
export const normalizeBackward = defineKernel({
  name: 'normalize.backward',
  shader: backwardShader,
  outputs: ({ y }: Record<'y' | 'norm' | 'dy', TensorSpec>, _: NormalizeAttributes) => ({ dx: y }),
  params: ({ y }, attributes) => params(y, attributes),
  workgroups: ({ y }, attributes) => linear(params(y, attributes).rows, 64),
  flops: ({ y }) => 5 * size(y.shape),
});
