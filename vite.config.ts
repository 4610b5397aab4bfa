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
    entries(),
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

/** Types as every resolver wants them: Node's rules ask for file endings, and for the index of a folder. */
function publishedTypes(filePath: string, content: string): string {
  const folder = join(root, 'src', relative(join(root, 'dist'), dirname(filePath)));
  return content.replace(
    /(from |import\()(['"])(\.[^'"]*)\2/g,
    (_, before: string, quote: string, path: string) => {
      const index = existsSync(join(folder, path, 'index.ts')) ? '/index' : '';
      return `${before}${quote}${path}${index}.js${quote}`;
    },
  );
}

/**
 * Beside the ES modules: `require('facegrad')`, which from Node 20.19 and 22.12 on gives the same module that
 * `import` gives, and types for TypeScript 5, whose library of the DOM does not know WebGPU yet.
 */
function entries(): Plugin {
  const all = "export * from './index.js';\n";
  const webgpu = '/// <reference types="@webgpu/types" />\n';
  const files = {
    'index.cjs': "module.exports = require('./index.js');\n",
    'index.d.cts': all,
    'typescript5.d.ts': webgpu + all,
    'typescript5.d.cts': webgpu + all,
  };
  return {
    name: 'entries',
    generateBundle() {
      for (const [fileName, source] of Object.entries(files)) {
        this.emitFile({ type: 'asset', fileName, source });
      }
    },
  };
}
