import { subgroupsWork } from './subgroups';
import { FacegradError } from './errors';
import { PipelineCache } from './pipelines';
import { BufferUsage, MapMode } from './usage';
import { Waits } from './waits';

/** Features that kernels have variants for; each is used only where the adapter offers it. */
const OPTIONAL_FEATURES: GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];

export interface GpuOptions {
  /** The entry point: `navigator.gpu` in a page or worker, `create([])` of the package `webgpu` in Node. */
  gpu?: GPU;
  powerPreference?: GPUPowerPreference;
  /** Features to leave unused although the adapter has them. */
  without?: GPUFeatureName[];
}

/** What a kernel may rely on: features, limits and subgroups. */
export interface Capabilities {
  features: ReadonlySet<string>;
  limits: GPUSupportedLimits;
  /** Lanes in a subgroup at least: a kernel that needs no more runs at every size. 0 without subgroups. */
  subgroupMinSize: number;
  /** Lanes in a subgroup at most; many GPUs choose by shader. */
  subgroupMaxSize: number;
  /** Fast kernels that are not taken unasked: this adapter gets them wrong. */
  leftOut?: Pick<ReadonlySet<string>, 'has'>;
}

/** Which adapter a figure was taken on. */
export interface AdapterDescription {
  vendor: string;
  architecture: string;
  description: string;
  fallback: boolean;
  /** Fast kernels that it gets wrong, and does without. */
  without?: readonly string[];
}

/** An adapter's name in one line. Firefox tells none. */
export function adapterName(
  adapter: Pick<AdapterDescription, 'vendor' | 'architecture' | 'description' | 'without'>,
): string {
  const { vendor, architecture, description } = adapter;
  const name = [vendor, architecture, description].filter(Boolean).join(' ');
  const without = adapter.without?.length ? `, without ${adapter.without.join(', ')}` : '';
  return (name || 'a GPU without a name') + without;
}

/** A device, its capabilities and its pipelines. Everything of the library hangs on one of these. */
export class Gpu {
  readonly pipelines: PipelineCache;
  readonly capabilities: Capabilities;
  readonly adapter: AdapterDescription;
  /** Resolves with the error when the device is lost, and not when `dispose` destroyed it. */
  readonly lost: Promise<FacegradError>;
  readonly waits: Waits;
  #disposed = false;
  #lostError?: FacegradError;

  constructor(
    readonly device: GPUDevice,
    info: GPUAdapterInfo = device.adapterInfo,
  ) {
    const subgroups = device.features.has('subgroups');
    this.capabilities = {
      features: device.features,
      limits: device.limits,
      subgroupMinSize: (subgroups && info.subgroupMinSize) || 0,
      subgroupMaxSize: (subgroups && info.subgroupMaxSize) || 0,
    };
    this.adapter = {
      vendor: info.vendor,
      architecture: info.architecture,
      description: info.description,
      fallback: info.isFallbackAdapter ?? false,
    };
    this.pipelines = new PipelineCache(device, this.adapter.fallback);
    this.waits = new Waits(device);
    this.lost = new Promise((resolve) => {
      void device.lost.then(({ reason, message }) => {
        if (this.#disposed) return;
        this.#lostError = new FacegradError(
          'device-lost',
          `the GPU was lost (${reason}): ${message}`,
        );
        resolve(this.#lostError);
      });
    });
  }

  /** Has fast kernels that a check found wrong never be taken unasked, and says so. */
  leaveOut(wrong: readonly string[]): void {
    const without = new Set([...(this.adapter.without ?? []), ...wrong]);
    this.capabilities.leftOut = without;
    this.adapter.without = [...without];
    console.warn(
      `facegrad: this GPU gets these fast kernels wrong: ${wrong.join(', ')}; it runs without them`,
    );
  }

  /** Throws once the device is lost, so that nothing is read from buffers that no longer hold data. */
  assertAlive(): void {
    if (this.#lostError) throw this.#lostError;
    if (this.#disposed) throw new FacegradError('bad-input', 'the GPU has been disposed');
  }

  /**
   * A buffer of `size` bytes.
   * @throws FacegradError `limit` above the device's buffer size, `out-of-memory` when there is none left.
   */
  createBuffer(label: string, size: number, usage: GPUBufferUsageFlags): GPUBuffer {
    this.assertAlive();
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    const available =
      usage & BufferUsage.STORAGE
        ? Math.min(maxBufferSize, maxStorageBufferBindingSize)
        : maxBufferSize;
    if (size > available) {
      throw new FacegradError(
        'limit',
        `${label} needs ${size} bytes; the device allows ${available}`,
        {
          operation: label,
          wanted: size,
          available,
        },
      );
    }
    return this.device.createBuffer({ label, size: Math.max(16, Math.ceil(size / 4) * 4), usage });
  }

  /** Writes into a buffer; an empty write, which crashes Deno, is left out. */
  write(buffer: GPUBuffer, offset: number, data: ArrayBufferView): void {
    this.assertAlive();
    const { buffer: bytes, byteOffset, byteLength } = data;
    if (byteLength === 0) return;
    this.device.queue.writeBuffer(buffer, offset, bytes as ArrayBuffer, byteOffset, byteLength);
  }

  /** Resolves when everything that was submitted is done. */
  done(): Promise<void> {
    return this.waits.until(this.device.queue.onSubmittedWorkDone());
  }

  /** Maps a buffer for reading, after everything submitted so far. */
  map(buffer: GPUBuffer): Promise<void> {
    return this.waits.until(buffer.mapAsync(MapMode.READ));
  }

  /** Runs `work` with error scopes around it; what the GPU refuses becomes a `FacegradError`. */
  async checked<T>(operation: string, work: () => T | Promise<T>): Promise<T> {
    this.device.pushErrorScope('validation');
    this.device.pushErrorScope('out-of-memory');
    let result: T | undefined;
    let thrown: unknown;
    try {
      // Scopes are a stack of the whole device: work that waits for nothing must pop its own before
      // another caller pushes.
      const made = work();
      result = made instanceof Promise ? await made : made;
    } catch (error) {
      thrown = error;
    }
    const [memory, validation] = await Promise.all([
      this.device.popErrorScope(),
      this.device.popErrorScope(),
    ]);
    if (thrown) throw thrown;
    if (memory) throw new FacegradError('out-of-memory', memory.message, { operation });
    if (validation) throw new FacegradError('validation', validation.message, { operation });
    return result as T;
  }

  dispose(): void {
    this.#disposed = true;
    this.device.destroy();
  }
}

/**
 * Asks for an adapter and a device with default limits and whatever optional features it has.
 * @throws FacegradError `unsupported` when there is no WebGPU or no adapter.
 */
export async function requestGpu(options: GpuOptions = {}): Promise<Gpu> {
  const gpu = options.gpu ?? globalThis.navigator?.gpu;
  if (!gpu) {
    throw new FacegradError('unsupported', 'this runtime has no WebGPU (navigator.gpu is missing)');
  }
  const adapter = await gpu.requestAdapter({ powerPreference: options.powerPreference });
  if (!adapter) {
    throw new FacegradError('unsupported', 'WebGPU is available, but it finds no GPU adapter');
  }
  const requiredFeatures = OPTIONAL_FEATURES.filter(
    (feature) => adapter.features.has(feature) && !options.without?.includes(feature),
  );
  const device = await adapter.requestDevice({ requiredFeatures });
  const made = new Gpu(device, adapter.info);
  await made.waits.time();
  const { capabilities } = made;
  if (capabilities.subgroupMinSize > 0 && !(await subgroupsWork(device, capabilities))) {
    console.warn(
      'facegrad: subgroup operations give wrong results on this GPU; running without them',
    );
    capabilities.subgroupMinSize = capabilities.subgroupMaxSize = 0;
  }
  return made;
}
