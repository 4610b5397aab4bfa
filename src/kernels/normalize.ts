import backwardShader from '../../shaders/normalize/backward.wgsl';
import forwardShader from '../../shaders/normalize/forward.wgsl';
import { FacegradError } from '../gpu/errors';
import { defineKernel, f32, linear, size, type TensorSpec } from './kernel';

export interface NormalizeAttributes {
  /** Along which axis rows lie; the last where not said. */
  axis?: number;
  /** Least divisor; default 1e-12. */
  epsilon?: number;
}

function params({ shape, layout }: TensorSpec, attributes: NormalizeAttributes) {
  const { axis = shape.length - 1, epsilon = 1e-12 } = attributes;
  if (layout || axis < 0 || axis >= shape.length || !(epsilon > 0)) {
    throw new FacegradError('bad-input', `normalize: [${shape}] along ${axis}, eps ${epsilon}`, {
      operation: 'normalize',
      wanted: axis,
      available: shape,
    });
  }
  const inner = size(shape.slice(axis + 1));
  return { rows: size(shape.slice(0, axis)) * inner, features: shape[axis], inner, epsilon };
}

/** y = x / max(norm, epsilon), and the norms, of x's shape without the axis. */
export const normalizeForward = defineKernel({
  name: 'normalize.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>, attributes: NormalizeAttributes) => {
    params(x, attributes);
    const { axis = x.shape.length - 1 } = attributes;
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
