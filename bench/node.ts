import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { requestNodeGpu } from '../src/gpu/node';
import { nodeAdapter } from '../tools/node_adapter';
import type { BenchRuntime } from './chrome';
import type { Untyped } from './peers/packages';
import { answer, type Place } from './session';

/**
 * Node on Dawn. Of the other libraries TensorFlow.js runs here, on the same Dawn; its script is the package's
 * build for Node.
 */
export async function nodeBench(onProgress: (text: string) => void): Promise<BenchRuntime> {
  // Every first run compiles, as in a browser with an empty profile.
  process.env.MESA_SHADER_CACHE_DISABLE = 'true';
  await nodeAdapter(); // takes lavapipe where no driver is named
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  Object.defineProperty(globalThis, 'navigator', {
    value: { gpu, hardwareConcurrency: 2, userAgent: 'node' },
    configurable: true,
  });
  const peers = new URL('peers/', import.meta.url);
  const require = createRequire(new URL('package.json', peers));
  const place: Place = {
    requestGpu: () => requestNodeGpu(),
    loader: {
      url: (path) => new URL(`node_modules/${path}`, peers).href,
      script(path) {
        const name = path.split('/').slice(0, 2).join('/');
        const library = require(name);
        (globalThis as Untyped).tf ??= library; // the first is the one that its backends add to
        return Promise.resolve();
      },
      module: (path) =>
        import(/* @vite-ignore */ new URL(`node_modules/${path}`, peers).href) as Promise<Untyped>,
    },
    cpuTime() {
      const { user, system } = process.cpuUsage();
      return Promise.resolve((user + system) / 1e3);
    },
    onProgress,
  };
  const version = require(fileURLToPath(new URL('../package.json', import.meta.url)));
  return {
    ask: (job) => answer(job, place),
    where: () =>
      Promise.resolve({
        node: process.version,
        dawn: `npm package webgpu ${version.optionalDependencies.webgpu}`,
      }),
    close: () => Promise.resolve(),
  };
}
