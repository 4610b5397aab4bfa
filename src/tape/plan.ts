import { FacegradError } from '../gpu/errors';
import type { Gpu } from '../gpu/device';
import { packParams } from '../gpu/wgsl';
import type { Pipeline } from '../gpu/pipelines';
import { profileDispatches, type PlanProfile, type ProfileOptions } from './profile';
import { readBuffer, type Storage, type TypedArray } from './storage';
import type { Dispatch, Tape } from './tape';
import type { Value } from './value';

const STORAGE = 0x80;
const UNIFORM = 0x40;
const COPY_DST = 0x8;
/** Uniform bindings begin at multiples of this (WebGPU's default). */
const PARAMS_SLOT = 256;

/** A dispatch with everything made that WebGPU wants made beforehand. */
interface Step {
  label: string;
  pipeline: GPUComputePipeline;
  groups: GPUBindGroup[];
  workgroups: [number, number, number];
  dispatch: Dispatch;
}

export interface PlanOptions {
  /** Temporaries that can be read after a run. State always can. */
  keep?: Value[];
  /** Called as pipelines become ready. */
  onProgress?: (ready: number, total: number) => void;
}

/**
 * A tape made ready to run again and again: unread dispatches dropped, temporaries laid into few
 * buffers, pipelines compiled, bind groups made. A step is one encoder, one pass and one submit,
 * and creates nothing.
 */
export class Plan {
  readonly #gpu: Gpu;
  readonly #steps: Step[];
  readonly #buffers: GPUBuffer[];
  /** The buffers of the temporaries in `keep`. */
  readonly #temporaries: Map<Value, GPUBuffer>;
  readonly #bufferOf: (value: Value) => GPUBuffer;
  #disposed = false;
  /** Bytes of temporaries: as if each had its own buffer, and as laid out. */
  readonly memory: { before: number; after: number; state: number };

  private constructor(
    gpu: Gpu,
    steps: Step[],
    buffers: GPUBuffer[],
    temporaries: Map<Value, GPUBuffer>,
    bufferOf: (value: Value) => GPUBuffer,
    memory: { before: number; after: number; state: number },
  ) {
    this.#gpu = gpu;
    this.#steps = steps;
    this.#buffers = buffers;
    this.#temporaries = temporaries;
    this.#bufferOf = bufferOf;
    this.memory = memory;
  }

  /** Compiles what the tape holds now. Pipelines are made in parallel. */
  static async compile(tape: Tape, storage: Storage, options: PlanOptions = {}): Promise<Plan> {
    const { gpu } = storage;
    gpu.assertAlive();
    const keep = (options.keep ?? []).map((value) => value.settle('any'));
    const dispatches = dropUnread(tape.dispatches, new Set(keep.map(({ root }) => root)));
    for (const dispatch of dispatches) refuseAliasing(dispatch);
    const { slots, sizes, before } = layOut(dispatches, keep);

    let ready = 0;
    const pipelines = await Promise.all(
      dispatches.map(async ({ kernel, inputs, attributes }) => {
        const pipeline = await gpu.pipelines.get({
          shader: kernel.shader,
          overrides: kernel.overrides?.(inputs, attributes),
          constants: kernel.constants?.(inputs, attributes),
        });
        options.onProgress?.(++ready, dispatches.length);
        return pipeline;
      }),
    );

    const made: GPUBuffer[] = [];
    const kept = new Map<Value, GPUBuffer>();
    const build = () => {
      const owned = (buffer: GPUBuffer) => (made.push(buffer), buffer);
      const temporaries = sizes.map((bytes, i) =>
        owned(gpu.createBuffer(`temporaries ${i}`, bytes, STORAGE | COPY_DST | 0x4)),
      );
      const params = owned(writeParams(gpu, dispatches));
      for (const { root } of keep) {
        if (root.role === 'temporary') kept.set(root, temporaries[slots.get(root)!]);
      }
      const bufferOf = (value: Value): GPUBuffer => {
        if (value.root.role === 'temporary') return temporaries[slots.get(value.root)!];
        return storage.buffer(value);
      };
      return {
        bufferOf,
        steps: dispatches.map((dispatch, i) =>
          makeStep(gpu, dispatch, pipelines[i], params, i * PARAMS_SLOT, bufferOf),
        ),
      };
    };
    const { steps, bufferOf } = await gpu.checked('plan', build).catch((error) => {
      for (const buffer of made) buffer.destroy(); // nothing is left behind by a plan that did not fit
      throw error;
    });
    const after = sum(sizes);
    const memory = { before, after, state: sum(statesOf(dispatches)) };
    return new Plan(gpu, steps, made, kept, bufferOf, memory);
  }

  get dispatchCount(): number {
    return this.#steps.length;
  }

  /** Encodes dispatches [begin, end) into a pass. */
  encode(pass: GPUComputePassEncoder, begin = 0, end = this.#steps.length): void {
    let current: GPUComputePipeline | undefined;
    for (let i = begin; i < end; i++) {
      const { pipeline, groups, workgroups } = this.#steps[i];
      if (pipeline !== current) pass.setPipeline((current = pipeline));
      for (let g = 0; g < groups.length; g++) pass.setBindGroup(g, groups[g]);
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
  }

  /**
   * Runs the step: one encoder, one pass, one submit. `parts` splits it into that many submits where
   * one would hold the GPU for too long.
   */
  run(parts = 1): void {
    this.#assertUsable();
    const { device } = this.#gpu;
    const length = this.#steps.length;
    for (let part = 0; part < parts; part++) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      this.encode(
        pass,
        Math.floor((part * length) / parts),
        Math.floor(((part + 1) * length) / parts),
      );
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
  }

  /** Times each dispatch by itself: where the step goes. Runs it several times over, state included. */
  async profile(options?: ProfileOptions): Promise<PlanProfile> {
    this.#assertUsable();
    const encode = (pass: GPUComputePassEncoder, i: number) => this.encode(pass, i, i + 1);
    return profileDispatches(this.#gpu, this.#steps, encode, options);
  }

  /** Copies back a temporary that was given in `keep`, after everything submitted so far. */
  read(value: Value): Promise<TypedArray> {
    const made = value.settle('any');
    return readBuffer(this.#gpu, this.#kept(made), made);
  }

  /** Copies a temporary that was given in `keep` to the beginning of another buffer. */
  copy(value: Value, target: GPUBuffer): void {
    const encoder = this.#gpu.device.createCommandEncoder();
    const made = value.settle('any');
    encoder.copyBufferToBuffer(this.#kept(made), made.offset * 4, target, 0, made.bytes);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  #kept(value: Value): GPUBuffer {
    const buffer = this.#temporaries.get(value.root);
    if (!buffer) throw new FacegradError('bad-input', `${value.name} was not kept by this plan`);
    return buffer;
  }

  /**
   * Runs the step dispatch by dispatch up to the first that writes a NaN or an infinity. Slow: every
   * output is read back. For finding out, not for training.
   */
  async firstNotFinite(): Promise<NotFinite | undefined> {
    this.#assertUsable();
    const { device } = this.#gpu;
    for (const [i, { label, dispatch }] of this.#steps.entries()) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      this.encode(pass, i, i + 1);
      pass.end();
      device.queue.submit([encoder.finish()]);
      for (const output of written(dispatch)) {
        if (output.spec.dtype !== 'f32') continue;
        const data = await readBuffer(this.#gpu, this.#bufferOf(output.root), output);
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

  /** Dispatches, bytes and memory as text. */
  describe(): string {
    const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
    const lines = this.#steps.map(({ label, workgroups, dispatch }) => {
      const bytes = Object.values(dispatch.values).reduce((sum, value) => sum + value.bytes, 0);
      return `${label}  ${workgroups.join('x')} workgroups, ${bytes} bytes bound`;
    });
    const { before, after, state } = this.memory;
    return [
      ...lines,
      `${this.#steps.length} dispatches in 1 pass`,
      `temporaries ${mib(before)} before reuse, ${mib(after)} in ${this.#buffers.length - 1} buffers after`,
      `state ${mib(state)}`,
    ].join('\n');
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#steps.length = 0;
    this.#temporaries.clear();
    this.#disposed = true;
  }

  #assertUsable(): void {
    this.#gpu.assertAlive();
    if (this.#disposed) throw new FacegradError('bad-input', 'the plan was disposed');
  }
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

/** The values a dispatch writes. */
function written({ kernel, values }: Dispatch): Value[] {
  return kernel.shader.bindings
    .filter(({ access }) => access === 'read_write')
    .map(({ name }) => values[name]);
}

const endOf = ({ offset, bytes }: Value) => offset + bytes / 4;

/** Walks back from what is kept: a dispatch stays if it writes state or something that is read later. */
function dropUnread(dispatches: Dispatch[], keep: Set<Value>): Dispatch[] {
  const needed = new Set(keep);
  const kept: Dispatch[] = [];
  for (const dispatch of [...dispatches].reverse()) {
    if (!written(dispatch).some(({ root }) => root.role === 'state' || needed.has(root))) continue;
    kept.push(dispatch);
    for (const value of Object.values(dispatch.values)) needed.add(value.root);
  }
  return kept.reverse();
}

/**
 * WebGPU refuses one buffer bound for reading and for writing in the same dispatch, and parts of it
 * bound for writing that overlap.
 */
function refuseAliasing(dispatch: Dispatch): void {
  const writes = written(dispatch);
  const roots = new Set(writes.map(({ root }) => root));
  writes.forEach((a, i) => {
    for (const b of writes.slice(i + 1)) {
      if (a.root !== b.root || endOf(a) <= b.offset || endOf(b) <= a.offset) continue;
      throw new FacegradError('internal', `${dispatch.kernel.name} writes ${a.root.name} twice`);
    }
  });
  for (const { name, access } of dispatch.kernel.shader.bindings) {
    const { root } = dispatch.values[name];
    if (access === 'read' && roots.has(root)) {
      throw new FacegradError('internal', `${dispatch.kernel.name} reads and writes ${root.name}`);
    }
  }
}

/**
 * Greedy best fit of whole buffers: a temporary takes the smallest free buffer that holds it, else
 * the largest free one grown, and gives it back after its last use.
 */
function layOut(
  dispatches: Dispatch[],
  keep: Value[],
): { slots: Map<Value, number>; sizes: number[]; before: number } {
  const last = new Map<Value, number>();
  dispatches.forEach(({ values }, i) => {
    for (const { root } of Object.values(values)) if (root.role === 'temporary') last.set(root, i);
  });
  for (const { root } of keep) if (last.has(root)) last.set(root, Infinity);
  const slots = new Map<Value, number>();
  const sizes: number[] = [];
  const free = new Set<number>();
  let before = 0;
  dispatches.forEach(({ values }, i) => {
    const roots = new Set(Object.values(values).map(({ root }) => root));
    for (const root of roots) {
      if (root.role !== 'temporary' || slots.has(root)) continue;
      before += root.bytes;
      const bySize = [...free].sort((a, b) => sizes[a] - sizes[b]);
      const slot = bySize.find((s) => sizes[s] >= root.bytes) ?? bySize.at(-1) ?? sizes.length;
      sizes[slot] = Math.max(sizes[slot] ?? 0, root.bytes);
      free.delete(slot);
      slots.set(root, slot);
    }
    for (const root of roots) if (last.get(root) === i) free.add(slots.get(root)!);
  });
  return { slots, sizes, before };
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);

/** Bytes of each state that is read or written. */
function statesOf(dispatches: Dispatch[]): number[] {
  const roots = dispatches.flatMap(({ values }) => Object.values(values).map(({ root }) => root));
  return [...new Set(roots)].filter(({ role }) => role === 'state').map(({ bytes }) => bytes);
}

/**
 * What a plan of this tape will take of the GPU's memory, in bytes, as `Plan.memory` tells it, and its
 * largest buffer. Compiles nothing and asks for nothing.
 */
export function memoryOf(tape: Tape): Plan['memory'] & { largest: number } {
  const dispatches = dropUnread(tape.dispatches, new Set());
  const { sizes, before } = layOut(dispatches, []);
  const states = statesOf(dispatches);
  const largest = Math.max(0, ...sizes, ...states);
  return { before, after: sum(sizes), state: sum(states), largest };
}

/** One uniform buffer for the whole plan, a slot a dispatch. */
function writeParams(gpu: Gpu, dispatches: Dispatch[]): GPUBuffer {
  const bytes = new ArrayBuffer(Math.max(1, dispatches.length) * PARAMS_SLOT);
  const view = new DataView(bytes);
  dispatches.forEach(({ kernel, inputs, attributes }, i) => {
    if (!kernel.shader.params) return;
    packParams(kernel.shader, kernel.params?.(inputs, attributes) ?? {}, view, i * PARAMS_SLOT);
  });
  const buffer = gpu.createBuffer('params', bytes.byteLength, UNIFORM | COPY_DST);
  gpu.device.queue.writeBuffer(buffer, 0, bytes);
  return buffer;
}

function makeStep(
  gpu: Gpu,
  dispatch: Dispatch,
  { pipeline, storageLayout, paramsLayout }: Pipeline,
  params: GPUBuffer,
  offset: number,
  bufferOf: (value: Value) => GPUBuffer,
): Step {
  const { kernel, values, inputs, attributes } = dispatch;
  const label = `${kernel.name}#${offset / PARAMS_SLOT}`;
  const workgroups = kernel.workgroups(inputs, attributes);
  const limit = gpu.device.limits.maxComputeWorkgroupsPerDimension;
  if (workgroups.some((count) => count > limit || count < 1 || !Number.isInteger(count))) {
    throw new FacegradError('limit', `${kernel.name}: ${workgroups} workgroups`, {
      operation: kernel.name,
      wanted: workgroups,
      available: limit,
    });
  }
  const groups = [
    gpu.device.createBindGroup({
      label,
      layout: storageLayout,
      entries: kernel.shader.bindings.map(({ name, binding }) => ({
        binding,
        resource: {
          buffer: bufferOf(values[name]),
          offset: values[name].offset * 4,
          size: Math.max(4, values[name].bytes),
        },
      })),
    }),
  ];
  if (paramsLayout) {
    groups.push(
      gpu.device.createBindGroup({
        label: `${label} params`,
        layout: paramsLayout,
        entries: [
          {
            binding: 0,
            resource: { buffer: params, offset, size: kernel.shader.params!.size },
          },
        ],
      }),
    );
  }
  return { label, pipeline, groups, workgroups, dispatch };
}
