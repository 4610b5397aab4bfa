import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import dts from 'vite-plugin-dts';
import { wgsl } from './tools/wgsl_plugin';

const root = fileURLToPath(new URL('.', import.meta.url));

/**
 * The library: ES modules with the shaders inlined, for pages, workers and Node. One module a source
 * file, so that a bundler takes what is used and leaves the rest.
 */
export default defineConfig({
  plugins: [
    wgsl(),
    forRequire(),
    dts({
      entryRoot: 'src',
      include: ['src'],
      exclude: ['src/kernels/reference'],
      beforeWriteFile: (filePath, content) => ({
        filePath,
        content: publishedTypes(filePath, content),
      }),
    }),
  ],
  build: {
    target: 'es2022',
    minify: false,
    lib: { entry: 'src/index.ts', formats: ['es'] },
    rollupOptions: {
      external: ['webgpu', 'papaparse', 'fflate', /^node:/],
      output: { preserveModules: true, preserveModulesRoot: 'src', entryFileNames: '[name].js' },
    },
  },
});

/**
 * Types as every resolver wants them: Node's rules ask for file endings (and for the index of a
 * folder), and whoever has no types of WebGPU gets them with the package.
 */
function publishedTypes(filePath: string, content: string): string {
  const folder = join(root, 'src', relative(join(root, 'dist'), dirname(filePath)));
  const ended = content.replace(
    /(from |import\()(['"])(\.[^'"]*)\2/g,
    (_, before: string, quote: string, path: string) => {
      const index = existsSync(join(folder, path, 'index.ts')) ? '/index' : '';
      return `${before}${quote}${path}${index}.js${quote}`;
    },
  );
  return /\bGPU[A-Z]\w+/.test(ended) ? `/// <reference types="@webgpu/types" />\n${ended}` : ended;
}

/** `require('facegrad')`: Node from 20.19 and 22.12 on requires ES modules, the same one that `import` gives. */
function forRequire(): Plugin {
  const files = {
    'index.cjs': "module.exports = require('./index.js');\n",
    'index.d.cts': "export * from './index.js';\n",
  };
  return {
    name: 'for-require',
    generateBundle() {
      for (const [fileName, source] of Object.entries(files)) {
        this.emitFile({ type: 'asset', fileName, source });
      }
    },
  };
}
