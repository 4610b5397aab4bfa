import { FacegradError } from './errors';
import { type Gpu, type GpuOptions, requestGpu } from './device';

// Dawn's instance must outlive every device made from it: collected, it takes the process down.
const instances: unknown[] = [];

export interface NodeGpuOptions extends Omit<GpuOptions, 'gpu'> {
  /** Where Dawn is found (default `webgpu`); given, it comes before the runtime's own WebGPU. */
  dawnPackage?: string;
}

/**
 * A `Gpu` outside of a browser: the runtime's own WebGPU where it has one (Deno), else Dawn (the optional package
 * `webgpu`).
 * @throws FacegradError `unsupported` when there is neither or no adapter answers.
 */
export async function requestNodeGpu({
  dawnPackage,
  ...options
}: NodeGpuOptions = {}): Promise<Gpu> {
  if (!dawnPackage && globalThis.navigator?.gpu) return requestGpu(options);
  const name = dawnPackage ?? 'webgpu';
  let dawn;
  try {
    // By a variable: a page's bundler need not find what only Node loads.
    dawn = (await import(/* @vite-ignore */ name)) as typeof import('webgpu');
  } catch (cause) {
    const todo = 'Deno' in globalThis ? 'start Deno with --unstable-webgpu' : `install it`;
    throw new FacegradError('unsupported', `the package \`${name}\` cannot be loaded: ${todo}`, {
      cause,
    });
  }
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  instances.push(gpu);
  return requestGpu({ ...options, gpu });
}
