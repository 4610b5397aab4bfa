import { requestGpu, type Gpu } from '../../src/gpu/device';

let shared: Promise<Gpu> | undefined;

/** The adapter under test: the page's in Chrome, Dawn's in Node. None is a failure, never a skip. */
export function testGpu(): Promise<Gpu> {
  shared ??= open();
  return shared;
}

async function open(): Promise<Gpu> {
  const inNode = typeof window === 'undefined';
  const gpu = inNode
    ? await (await import('../../src/gpu/node')).requestNodeGpu()
    : await requestGpu();
  gpu.device.addEventListener('uncapturederror', (event) => {
    throw (event as GPUUncapturedErrorEvent).error;
  });
  return gpu;
}
