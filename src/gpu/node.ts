import { FacegradError } from './errors';
import { type Gpu, type GpuOptions, requestGpu } from './device';

// Dawn's instance must outlive every device made from it: collected, it takes the process down.
const instances: unknown[] = [];

/**
 * A `Gpu` in Node, on Dawn (the optional package `webgpu`).
 * @throws FacegradError `unsupported` when the package is missing or no adapter answers.
 */
export async function requestNodeGpu(options: Omit<GpuOptions, 'gpu'> = {}): Promise<Gpu> {
  let dawn;
  try {
    dawn = await import('webgpu');
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
