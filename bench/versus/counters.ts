/** What was asked of WebGPU, by whichever library. */
export interface Counts {
  dispatches: number;
  passes: number;
  submits: number;
  /** Buffers, textures, bind groups, layouts, shader modules, pipelines and query sets that were created. */
  objects: number;
  buffers: number;
  /** Bytes of buffers that were created. */
  bytes: number;
  writes: number;
}

const zero = (): Counts => ({
  dispatches: 0,
  passes: 0,
  submits: 0,
  objects: 0,
  buffers: 0,
  bytes: 0,
  writes: 0,
});

type Method = (this: object, ...args: never[]) => unknown;

let counts = zero();
/** Bytes of buffers that live: created and not destroyed. */
let alive = 0;
let peak = 0;
let installed = false;

/** Puts counting wrappers around WebGPU's classes. Call once, before any device is made. */
export function installCounters(): void {
  if (installed) return;
  installed = true;
  const sizes = new WeakMap<object, number>();
  const wrap = (name: string, method: string, count: (result: unknown, target: object) => void) => {
    const { prototype } = (globalThis as unknown as Record<string, { prototype: never }>)[name];
    const original = prototype[method] as Method;
    const counting: Method = function (...args) {
      const result = original.apply(this, args);
      count(result, this);
      return result;
    };
    Object.defineProperty(prototype, method, {
      value: counting,
      configurable: true,
      writable: true,
    });
  };
  wrap('GPUDevice', 'createBuffer', (buffer) => {
    const { size } = buffer as GPUBuffer;
    counts.objects += 1;
    counts.buffers += 1;
    counts.bytes += size;
    sizes.set(buffer as object, size);
    alive += size;
    peak = Math.max(peak, alive);
  });
  wrap('GPUBuffer', 'destroy', (_, buffer) => {
    alive -= sizes.get(buffer) ?? 0;
    sizes.delete(buffer);
  });
  for (const method of [
    'createBindGroup',
    'createBindGroupLayout',
    'createPipelineLayout',
    'createShaderModule',
    'createComputePipeline',
    'createComputePipelineAsync',
    'createQuerySet',
    'createTexture',
  ]) {
    wrap('GPUDevice', method, () => void (counts.objects += 1));
  }
  wrap('GPUCommandEncoder', 'beginComputePass', () => void (counts.passes += 1));
  wrap('GPUComputePassEncoder', 'dispatchWorkgroups', () => void (counts.dispatches += 1));
  wrap('GPUComputePassEncoder', 'dispatchWorkgroupsIndirect', () => void (counts.dispatches += 1));
  wrap('GPUQueue', 'submit', () => void (counts.submits += 1));
  wrap('GPUQueue', 'writeBuffer', () => void (counts.writes += 1));
}

export function resetCounts(): void {
  counts = zero();
  peak = alive;
}

export const readCounts = (): Counts => ({ ...counts });

export const aliveBytes = (): number => alive;
/** The largest `aliveBytes` since `resetCounts`. */
export const peakBytes = (): number => peak;
