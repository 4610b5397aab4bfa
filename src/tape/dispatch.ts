import type { Kernel, TensorSpec } from '../kernels/kernel';
import type { Value } from './value';

/** One kernel applied to values: the unit that a plan replays. */
export interface Dispatch {
  kernel: Kernel;
  /** By binding name; inputs, outputs and in-place buffers alike. */
  values: Record<string, Value>;
  /** Those of `values` that the caller gave: what `outputs`, `params` and `workgroups` are computed from. */
  inputs: Record<string, TensorSpec>;
  attributes: unknown;
}

/** The values a dispatch writes. */
export function written({ kernel, values }: Dispatch): Value[] {
  return kernel.shader.bindings
    .filter(({ access }) => access === 'read_write')
    .map(({ name }) => values[name]);
}

/** Those that make temporaries of fixed state alone: a plan runs them once. */
export function madeOnce(dispatches: Dispatch[], fixed: readonly Value[]): Set<Dispatch> {
  const same = new Set(fixed.map(({ root }) => root));
  return new Set(
    dispatches.filter((dispatch) => {
      const read = Object.keys(dispatch.inputs).map((name) => dispatch.values[name].root);
      const made = written(dispatch).map(({ root }) => root);
      const once =
        read.length > 0 &&
        read.every((root) => same.has(root)) &&
        made.every((root) => root.role === 'temporary' && !read.includes(root));
      if (once) for (const root of made) same.add(root);
      return once;
    }),
  );
}

/** As a line of text: what it makes, the kernel, and what that is given. */
export function printDispatch({ kernel, values, inputs }: Dispatch): string {
  const given = Object.entries(values).filter(([key, { name }]) => key in inputs && name);
  const made = Object.entries(values).filter(([name]) => !(name in inputs));
  const left = made.map(([, value]) => value.toString()).join(', ');
  const right = given.map(([name, value]) => `${name}=${value.name}`).join(', ');
  return `${left || '()'} = ${kernel.name}(${right})`;
}
