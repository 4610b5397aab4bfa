import type { Gpu } from '../../src/gpu/device';

/** Buffers of a device that were made since, and not destroyed: their number and their bytes. */
export interface BufferCount {
  readonly count: number;
  readonly bytes: number;
  /** All that were made since. */
  readonly made: number;
  stop(): void;
}

/** Counts from now on, below everything of the library: `createBuffer` itself is watched. */
export function countBuffers({ device }: Gpu): BufferCount {
  const live = new Set<GPUBuffer>();
  let made = 0;
  const watched: GPUDevice['createBuffer'] = (descriptor) => {
    const buffer = GPUDevice.prototype.createBuffer.call(device, descriptor);
    made += 1;
    live.add(buffer);
    buffer.destroy = () => {
      live.delete(buffer);
      return GPUBuffer.prototype.destroy.call(buffer);
    };
    return buffer;
  };
  device.createBuffer = watched;
  return {
    get count() {
      return live.size;
    },
    get bytes() {
      return [...live].reduce((sum, { size }) => sum + size, 0);
    },
    get made() {
      return made;
    },
    stop() {
      delete (device as Partial<GPUDevice>).createBuffer;
    },
  };
}
