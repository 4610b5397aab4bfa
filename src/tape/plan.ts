import { FacegradError } from '../gpu/errors';
import type { Gpu } from '../gpu/device';
import { BufferUsage } from '../gpu/usage';
import { packParams } from '../gpu/wgsl';
import type { Pipeline } from '../gpu/pipelines';
import { describeSteps, firstNotFinite, type NotFinite } from './inspect';
import { dropUnread, layOut, refuseAliasing, stateBytes, sum, type Memory } from './memory';
import { profileDispatches, type PlanProfile, type ProfileOptions } from './profile';
import { madeOnce, written, type Dispatch } from './dispatch';
import { readBuffer, type Storage, type TypedArray } from './storage';
import type { Tape } from './tape';
import type { Value } from './value';

const { COPY_DST, COPY_SRC, STORAGE, UNIFORM } = BufferUsage;
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

export type { NotFinite };

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
  /** The first step of the next run: those that run once have run, or have not. */
  #begin = 0;
  #disposed = false;
  readonly memory: Memory;

  private constructor(
    gpu: Gpu,
    steps: Step[],
    buffers: GPUBuffer[],
    temporaries: Map<Value, GPUBuffer>,
    bufferOf: (value: Value) => GPUBuffer,
    memory: Memory,
    /** How many of the first steps run once. */
    private readonly once: number,
  ) {
    this.#gpu = gpu;
    this.#steps = steps;
    this.#buffers = buffers;
    this.#temporaries = temporaries;
    this.#bufferOf = bufferOf;
    this.memory = memory;
  }

  /** Compiles what the tape dispatches, into the GPU's cache alone: for a plan that will be made later. */
  static async precompile(tape: Tape, gpu: Gpu): Promise<void> {
    await pipelinesOf(dropUnread(tape.dispatches, new Set()), gpu);
  }

  /** Compiles what the tape holds now. Pipelines are made in parallel. */
  static async compile(tape: Tape, storage: Storage, options: PlanOptions = {}): Promise<Plan> {
    const { gpu } = storage;
    gpu.assertAlive();
    const keep = (options.keep ?? []).map((value) => value.settle('any'));
    const needed = dropUnread(tape.dispatches, new Set(keep.map(({ root }) => root)));
    for (const dispatch of needed) refuseAliasing(dispatch);
    const once = madeOnce(needed, tape.fixed);
    const dispatches = [...new Set([...once, ...needed])];
    const { slots, sizes, before } = layOut(dispatches, [...keep, ...[...once].flatMap(written)]);

    const pipelines = await pipelinesOf(dispatches, gpu, options.onProgress);

    const made: GPUBuffer[] = [];
    const kept = new Map<Value, GPUBuffer>();
    const build = () => {
      const owned = (buffer: GPUBuffer) => (made.push(buffer), buffer);
      const temporaries = sizes.map((bytes, i) =>
        owned(gpu.createBuffer(`temporaries ${i}`, bytes, STORAGE | COPY_DST | COPY_SRC)),
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
    const memory = { before, after, state: sum(stateBytes(dispatches)) };
    return new Plan(gpu, steps, made, kept, bufferOf, memory, once.size);
  }

  get dispatchCount(): number {
    return this.#steps.length;
  }

  /** To be called when state was written that its tape holds to be fixed. */
  stateChanged(): void {
    this.#begin = 0;
  }

  #next(): number {
    const begin = this.#begin;
    this.#begin = this.once;
    return begin;
  }

  /** Encodes dispatches [begin, end) into a pass: without them a run, which must then be submitted. */
  encode(pass: GPUComputePassEncoder, begin = this.#next(), end = this.#steps.length): void {
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
    const begin = this.#next();
    const length = this.#steps.length - begin;
    for (let part = 0; part < parts; part++) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      this.encode(
        pass,
        begin + Math.floor((part * length) / parts),
        begin + Math.floor(((part + 1) * length) / parts),
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
  firstNotFinite(): Promise<NotFinite | undefined> {
    this.#assertUsable();
    const encode = (pass: GPUComputePassEncoder, i: number) => this.encode(pass, i, i + 1);
    return firstNotFinite(this.#gpu, this.#steps, encode, this.#bufferOf);
  }

  /** Dispatches, bytes and memory as text. */
  describe(): string {
    return describeSteps(this.#steps, this.memory, this.#buffers.length - 1);
  }

  dispose(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#steps.length = 0;
    this.#temporaries.clear();
    this.#disposed = true;
  }

  #assertUsable(): void {
    this.#gpu.assertAlive();
    if (this.#disposed) throw new FacegradError('bad-input', 'the plan has been disposed');
  }
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
  if (workgroups.some((count) => count > limit || count < 0 || !Number.isInteger(count))) {
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

/** The pipelines of some dispatches, made in parallel. */
function pipelinesOf(
  dispatches: readonly Dispatch[],
  gpu: Gpu,
  onProgress?: PlanOptions['onProgress'],
): Promise<Pipeline[]> {
  let ready = 0;
  return Promise.all(
    dispatches.map(async ({ kernel, inputs, attributes }) => {
      const pipeline = await gpu.pipelines.get({
        shader: kernel.shader,
        overrides: kernel.overrides?.(inputs, attributes),
        constants: kernel.constants?.(inputs, attributes),
      });
      onProgress?.(++ready, dispatches.length);
      return pipeline;
    }),
  );
}
