/** Asking for a GPU where there may be none, or none for the moment. */
import { requestGpu, type Gpu } from '../../src/gpu/device';
import { FacegradError } from '../../src/gpu/errors';
import { leaveOutWrong, type Recording } from '../../src/tape/variants';
import { verdicts } from './verdicts';

/** Milliseconds between two questions. */
const AGAIN_MS = 500;

const pause = () => new Promise((resolve) => setTimeout(resolve, AGAIN_MS));

/** For work that is only timed, or is recorded later: no kernel is tried. */
export const NOTHING: Recording = () => [];

/**
 * A device, its fast kernels tried: those that `record` asks for, or all. After a crash of the GPU process it may take a moment until there
 * is one again.
 */
export async function openGpu(tries: number, record?: Recording): Promise<Gpu> {
  for (;;) {
    try {
      const gpu = await requestGpu({ powerPreference: 'high-performance' });
      await leaveOutWrong(gpu, { store: verdicts, record });
      return gpu;
    } catch (error) {
      if (--tries <= 0 || !('gpu' in navigator)) throw error;
      await pause();
    }
  }
}

/**
 * Waits until there is a GPU again: at once after a first crash, but Chrome holds it back for two minutes
 * after a second.
 * @param given what calls it off
 * @throws FacegradError `device-lost` after three minutes
 */
export async function waitForGpu(given: { up(): boolean; onWaiting(): void }): Promise<void> {
  const end = performance.now() + 180_000;
  for (let tries = 1; !given.up(); tries++) {
    if (await navigator.gpu.requestAdapter()) return;
    if (performance.now() > end) {
      throw new FacegradError('device-lost', 'the browser no longer gives this page a GPU');
    }
    if (tries === 4) given.onWaiting();
    await pause();
  }
}
