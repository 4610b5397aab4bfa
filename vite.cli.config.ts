import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { ownSystems } from './tools/own_systems';
import { kernelTests } from './tools/kernel_tests';
import { wgsl } from './tools/wgsl_plugin';

/** For scripts/run.mjs: TypeScript and shaders are transpiled as they are imported; nothing is served. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [wgsl(), ownSystems(), kernelTests()],
  appType: 'custom',
  logLevel: 'silent',
  clearScreen: false,
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true, include: [] },
  ssr: { external: ['webgpu'] },
});
