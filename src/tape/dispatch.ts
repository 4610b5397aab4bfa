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

/** As a line of text: what it makes, the kernel, and what that is given. */
export function printDispatch({ kernel, values, inputs }: Dispatch): string {
  const given = Object.entries(values).filter(([key, { name }]) => key in inputs && name);
  const made = Object.entries(values).filter(([name]) => !(name in inputs));
  const left = made.map(([, value]) => value.toString()).join(', ');
  const right = given.map(([name, value]) => `${name}=${value.name}`).join(', ');
  return `${left || '()'} = ${kernel.name}(${right})`;
}
