import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const ID = 'virtual:facegrad-own-systems';
/** Names the file of a network of one's own, for every page that is built and every process that is started. */
export const MODEL_VARIABLE = 'FACEGRAD_MODEL';

/**
 * `ownSystems` of `virtual:facegrad-own-systems`: the network that `--model FILE` names, or none. The file imports
 * `facegrad` as a user of the package does; here that is the library's source.
 */
export function ownSystems(): Plugin {
  return {
    name: 'facegrad-own-systems',
    enforce: 'pre',
    resolveId(id) {
      if (id === ID) return `\0${ID}`;
      if (id === 'facegrad') return fileURLToPath(new URL('../src/index.ts', import.meta.url));
      return null;
    },
    load(id) {
      if (id !== `\0${ID}`) return null;
      const path = process.env[MODEL_VARIABLE];
      if (!path) return 'export const ownSystems = [];';
      return `import * as own from ${JSON.stringify(path)};\nexport const ownSystems = [own.default];`;
    },
  };
}
