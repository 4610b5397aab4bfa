import { FacegradError } from './errors';
import { type Gpu, type GpuOptions, requestGpu } from './device';

// Dawn's instance must outlive every device made from it: collected, it takes the process down.
const instances: unknown[] = [];

export interface NodeGpuOptions extends Omit<GpuOptions, 'gpu'> {
  /** Where Dawn is found (default `webgpu`). */
  dawnPackage?: string;
}

/**
 * A `Gpu` in Node, on Dawn (the optional package `webgpu`).
 * @throws FacegradError `unsupported` when the package is missing or no adapter answers.
 */
export async function requestNodeGpu({
  dawnPackage = 'webgpu',
  ...options
}: NodeGpuOptions = {}): Promise<Gpu> {
  let dawn;
  try {
    // By a variable: a page's bundler need not find what only Node loads.
    dawn = (await import(/* @vite-ignore */ dawnPackage)) as typeof import('webgpu');
  } catch (cause) {
    throw new FacegradError('unsupported', 'the optional package `webgpu` is not installed', {
      cause,
    });
  }
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  instances.push(gpu);
  return requestGpu({ ...options, gpu });
}
