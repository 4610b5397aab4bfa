/// <reference types="vite/client" />
import { requestGpu, type Capabilities, type Gpu } from '../../src/gpu/device';

/** Where kernels run: on the page's GPU, on Dawn's in Node, or on the machine of `learn`, which needs none. */
export const ADAPTER: 'gpu' | 'machine' =
  import.meta.env.VITE_ADAPTER === 'machine' ? 'machine' : 'gpu';

let shared: Promise<Gpu> | undefined;

/** The adapter under test: the page's in Chrome, Dawn's in Node. None is a failure, never a skip. */
export function testGpu(): Promise<Gpu> {
  shared ??= openTestGpu();
  return shared;
}

/** A device of its own. */
export async function openTestGpu(): Promise<Gpu> {
  const inNode = typeof window === 'undefined';
  const gpu = inNode
    ? await (await import('../../src/gpu/node')).requestNodeGpu()
    : await requestGpu();
  gpu.device.addEventListener('uncapturederror', (event) => {
    throw (event as GPUUncapturedErrorEvent).error;
  });
  return gpu;
}

/** What the adapter under test can do. The machine's subgroups are as large as it is told; it has no limits. */
export async function testCapabilities(): Promise<Capabilities> {
  if (ADAPTER === 'gpu') return (await testGpu()).capabilities;
  return {
    features: new Set(['subgroups']),
    limits: {} as GPUSupportedLimits,
    subgroupMinSize: 8,
    subgroupMaxSize: 8,
  };
}
