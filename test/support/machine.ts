import {
  compile,
  Execution,
  type Finding,
  type Program,
  type RunOptions,
} from '../../learn/machine';
import { packParams, tune, type WgslModule } from '../../src/gpu/wgsl';
import type { Kernel, TensorSpec } from '../../src/kernels/kernel';

/** Turns of loops that one case may take: the largest case takes a twentieth. */
const TURNS = 100_000_000;

const programs = new WeakMap<WgslModule, Map<string, Program>>();

function programOf(
  shader: WgslModule,
  overrides: Record<string, number>,
  constants: Record<string, number>,
) {
  const made = programs.get(shader) ?? new Map<string, Program>();
  programs.set(shader, made);
  const key = JSON.stringify([overrides, constants]);
  const program = made.get(key) ?? compile(tune(shader, constants), { overrides });
  made.set(key, program);
  return program;
}

/** Subgroup sizes that a file runs at: those of software adapters, from the one that its header asks for. */
export function lanesOf(shader: WgslModule, constants: Record<string, number> = {}): number[] {
  if (!shader.features.includes('subgroups')) return [8];
  const asked = /^\/\/ Subgroups of (\w+) lanes or more/m.exec(shader.code)?.[1] ?? '';
  const least = constants[asked] ?? Number(asked);
  if (!least) throw new Error(`${shader.path} does not say how many lanes it needs`);
  return [4, 8].filter((lanes) => lanes >= least);
}

/** Runs the kernel on the machine in place of a GPU. The buffers are changed in place. */
export function dispatchOnMachine<I extends string, O extends string, A>(
  kernel: Kernel<I, O, A>,
  buffers: Record<string, Uint32Array<ArrayBuffer>>,
  inputs: Record<I, TensorSpec>,
  attributes: A,
  options: Pick<RunOptions, 'subgroupSize' | 'order'>,
): readonly Finding[] {
  const { shader } = kernel;
  const program = programOf(
    shader,
    kernel.overrides?.(inputs, attributes) ?? {},
    kernel.constants?.(inputs, attributes) ?? {},
  );
  const storage = shader.bindings.map(({ name }) => buffers[name].buffer);
  const uniform = new ArrayBuffer(shader.params?.size ?? 0);
  if (shader.params) {
    packParams(shader, kernel.params?.(inputs, attributes) ?? {}, new DataView(uniform), 0);
  }
  return new Execution(program, {
    buffers: { 0: storage, 1: [uniform] },
    workgroups: kernel.workgroups(inputs, attributes),
    ...options,
    turns: TURNS,
  }).run();
}
