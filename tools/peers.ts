import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const ID = 'virtual:facegrad-peers';
const INSTALLED = `${ID}/installed`;
const FOLDER = fileURLToPath(new URL('../bench/peers/', import.meta.url));

/** Where a site keeps them; nobody is given what lies here before asking for it. */
export const PEERS = 'peers/';

/** What bench/peers asks its loader for, and the modules that this is in a site. */
const MODULES: Record<string, string[]> = {
  '@jax-js/jax/dist/index.js': ['@jax-js/jax'],
  '@tensorflow/tfjs/dist/tf.min.js': [
    '@tensorflow/tfjs-core',
    '@tensorflow/tfjs-core/dist/register_all_gradients',
  ],
  '@tensorflow/tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js': [
    '@tensorflow/tfjs-backend-webgpu',
  ],
  'onnxruntime-web/dist/ort.webgpu.min.mjs': ['onnxruntime-web/webgpu'],
};

/**
 * `modules` of `virtual:facegrad-peers`: the libraries of bench/peers as chunks that are fetched when they are asked for, by the
 * path of the file that they stand for. Where they are not installed there are none, as `virtual:facegrad-peers/installed` tells who
 * must not import them.
 */
export function peers(): Plugin {
  const installed = existsSync(`${FOLDER}node_modules`);
  return {
    name: 'facegrad-peers',
    enforce: 'pre',
    resolveId(id, importer) {
      if (id === ID || id === INSTALLED) return `\0${id}`;
      return importer === `\0${ID}` ? this.resolve(id, `${FOLDER}package.json`) : null;
    },
    load(id) {
      if (id === `\0${INSTALLED}`) return `export const installed = ${installed};`;
      if (id !== `\0${ID}`) return null;
      const entries = Object.entries(installed ? MODULES : {}).map(([path, names]) => {
        const imports = names.map((name) => `await import(${JSON.stringify(name)})`);
        return `${JSON.stringify(path)}: async () => [${imports.join(', ')}][0],`;
      });
      return `export const modules = {\n${entries.join('\n')}\n};`;
    },
  };
}

const place = (isPeer: boolean) => `${isPeer ? PEERS : 'assets/'}[name]-[hash][extname]`;

/** Names what a worker consists of, so that they lie by themselves. */
export const peerFiles = {
  chunkFileNames: ({ moduleIds }: { moduleIds: string[] }) =>
    place(moduleIds.some((id) => id.startsWith(`${FOLDER}node_modules`))).replace(
      '[extname]',
      '.js',
    ),
  assetFileNames: ({ names }: { names: string[] }) =>
    place(names.some((name) => name.startsWith('ort-wasm'))),
};
