/** Looking into a plan: what it dispatches, and where a number that is not finite comes from. */
import type { Gpu } from '../gpu/device';
import { written, type Dispatch } from './dispatch';
import type { Memory } from './memory';
import { readBuffer } from './storage';
import type { Value } from './value';

/** A dispatch of a plan. */
interface Step {
  label: string;
  workgroups: [number, number, number];
  dispatch: Dispatch;
}

/** What {@link Plan.firstNotFinite} found. */
export interface NotFinite {
  kernel: string;
  /** The dispatch with its inputs, as the tape prints it. */
  dispatch: string;
  /** The name of the value that it wrote. */
  output: string;
  value: number;
}

export async function firstNotFinite(
  gpu: Gpu,
  steps: readonly Step[],
  encode: (pass: GPUComputePassEncoder, i: number) => void,
  bufferOf: (value: Value) => GPUBuffer,
): Promise<NotFinite | undefined> {
  const { device } = gpu;
  for (const [i, { label, dispatch }] of steps.entries()) {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encode(pass, i);
    pass.end();
    device.queue.submit([encoder.finish()]);
    for (const output of written(dispatch)) {
      if (output.spec.dtype !== 'f32') continue;
      const data = await readBuffer(gpu, bufferOf(output.root), output);
      const value = data.find((x) => !Number.isFinite(x));
      if (value === undefined) continue;
      const inputs = Object.entries(dispatch.values).filter(([, v]) => v !== output);
      const given = inputs.map(([name, v]) => `${name}=${v.name}`).join(', ');
      const { kernel } = dispatch;
      return { kernel: kernel.name, dispatch: `${label}(${given})`, output: output.name, value };
    }
  }
  return undefined;
}

export function describeSteps(
  steps: readonly Step[],
  { before, after, state }: Memory,
  buffers: number,
): string {
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  const lines = steps.map(({ label, workgroups, dispatch }) => {
    const bytes = Object.values(dispatch.values).reduce((sum, value) => sum + value.bytes, 0);
    return `${label}  ${workgroups.join('x')} workgroups, ${bytes} bytes bound`;
  });
  return [
    ...lines,
    `${steps.length} dispatches in 1 pass`,
    `temporaries ${mib(before)} before reuse, ${mib(after)} in ${buffers} buffers after`,
    `state ${mib(state)}`,
  ].join('\n');
}
