import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, preview } from 'vite';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    url: string;
  }
}

/** Builds the demo into a folder of its own and serves it while the tests run. */
export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  const outDir = mkdtempSync(join(tmpdir(), 'facegrad-demo-'));
  const config = { configFile: resolve('vite.app.config.ts'), configLoader: 'runner' as const };
  await build({ ...config, logLevel: 'error', build: { outDir } });
  const server = await preview({
    ...config,
    build: { outDir },
    preview: { port: 0, allowedHosts: ['facegrad.test'] },
  });
  project.provide('url', server.resolvedUrls!.local[0]);
  return async () => {
    await server.close();
    rmSync(outDir, { recursive: true, force: true });
  };
}
