import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

/** Has the kernels' tests run without vitest, in a page and in a command (check/vitest.ts). */
export function kernelTests(): Plugin {
  const replacement = fileURLToPath(new URL('../check/vitest.ts', import.meta.url));
  return {
    name: 'facegrad-kernel-tests',
    enforce: 'pre',
    config: () => ({ resolve: { alias: [{ find: /^vitest$/, replacement }] } }),
    // The package says that its modules do nothing when they are loaded; a test does.
    transform: (code, id) =>
      /\/test\/kernels\//.test(id) ? { code, map: null, moduleSideEffects: true } : undefined,
  };
}
