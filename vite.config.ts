import { defineConfig } from 'vite';
import dts from 'vite-plugin-dts';
import { wgsl } from './tools/wgsl_plugin';

/** The library: one ES module with the shaders inlined, for pages, workers and Node. */
export default defineConfig({
  plugins: [
    wgsl(),
    dts({ entryRoot: 'src', include: ['src'], exclude: ['src/cli', 'src/kernels/reference'] }),
  ],
  build: {
    target: 'es2022',
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'index' },
    rollupOptions: { external: ['webgpu', 'papaparse', /^node:/] },
  },
});
