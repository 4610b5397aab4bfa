import backwardShader from '../../shaders/reduce/backward.wgsl';
import extremeShader from '../../shaders/reduce/extreme.wgsl';
import forwardShader from '../../shaders/reduce/forward.wgsl';
import { defineKernel, f32, linear, size, u32, type TensorSpec } from './kernel';

export const REDUCTIONS = ['sum', 'mean', 'l1', 'sum_square', 'l2', 'product'] as const;
export type Reduction = (typeof REDUCTIONS)[number];

/** Which axes become one number: those from `begin` up to `end`, and the shape of what is left. */
export interface ReducedAxes {
  begin: number;
  end: number;
  /** As many elements as the other axes have; those axes by default. */
  shape?: readonly number[];
}

interface ExtremeAttributes extends ReducedAxes {
  smallest?: boolean;
  /** Of equal elements the last. */
  last?: boolean;
}

/** From how many terms on a workgroup shares a sum. */
const SHARED = 256;

/** Threads for each of `length` sums of `terms` terms, and workgroups of 64 for them. */
export function lanes(length: number, terms: number) {
  const each = terms < SHARED ? 1 : 64;
  return { LANES: each, workgroups: linear(length * each, 64) };
}

function extents({ shape }: TensorSpec, { begin, end }: ReducedAxes) {
  const terms = size(shape.slice(begin, end));
  const inner = size(shape.slice(end));
  return { length: size(shape.slice(0, begin)) * inner, terms, inner };
}

const left = ({ shape }: TensorSpec, axes: ReducedAxes) =>
  axes.shape ?? [...shape.slice(0, axes.begin), ...shape.slice(axes.end)];

/** y = the sum (mean, norm, …) of x over axes that lie side by side. */
export const reduceForward = defineKernel({
  name: 'reduce.forward',
  shader: forwardShader,
  outputs: ({ x }: Record<'x', TensorSpec>, axes: ReducedAxes & { reduction: Reduction }) => ({
    y: f32(left(x, axes)),
  }),
  params: ({ x }, { reduction, ...axes }) => ({
    ...extents(x, axes),
    operation: REDUCTIONS.indexOf(reduction),
  }),
  overrides: ({ x }, axes) => {
    const { length, terms } = extents(x, axes);
    return { LANES: lanes(length, terms).LANES };
  },
  workgroups: ({ x }, axes) => {
    const { length, terms } = extents(x, axes);
    return lanes(length, terms).workgroups;
  },
  flops: ({ x }) => size(x.shape),
});

/** dx = dy times the derivative of the reduction. */
export const reduceBackward = defineKernel({
  name: 'reduce.backward',
  shader: backwardShader,
  outputs: (
    { x }: Record<'x' | 'y' | 'dy', TensorSpec>,
    _: ReducedAxes & { reduction: Reduction },
  ) => ({ dx: f32(x.shape) }),
  params: ({ x }, { reduction, ...axes }) => ({
    ...extents(x, axes),
    length: size(x.shape),
    operation: REDUCTIONS.indexOf(reduction),
  }),
  workgroups: ({ x }) => linear(size(x.shape), 64),
  flops: ({ x }) => size(x.shape),
});

/** The largest or smallest elements of x over axes that lie side by side, and where they are. */
export const reduceExtreme = defineKernel({
  name: 'reduce.extreme',
  shader: extremeShader,
  outputs: ({ x }: Record<'x', TensorSpec>, axes: ExtremeAttributes) => ({
    y: f32(left(x, axes)),
    indices: u32(left(x, axes)),
  }),
  params: ({ x }, { smallest, last, ...axes }) => ({
    ...extents(x, axes),
    smallest: smallest ? 1 : 0,
    last: last ? 1 : 0,
  }),
  overrides: ({ x }, axes) => {
    const { length, terms } = extents(x, axes);
    return { LANES: lanes(length, terms).LANES };
  },
  workgroups: ({ x }, axes) => {
    const { length, terms } = extents(x, axes);
    return lanes(length, terms).workgroups;
  },
  flops: ({ x }) => size(x.shape),
});
