import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, preview } from 'vite';
import type { TestProject } from 'vitest/node';
import { MODEL_VARIABLE } from '../../tools/own_systems';

declare module 'vitest' {
  interface ProvidedContext {
    url: string;
    /** Where what is served was built. */
    folder: string;
  }
}

/** The file of `docs/own-model.md`, as `npm run demo -- --model` takes one. */
function ownNetwork(folder: string): string {
  const page = readFileSync('docs/own-model.md', 'utf8');
  const [, code] = /```ts\n\/\/ my-network\.ts\n([\s\S]*?)```/.exec(page)!;
  const file = join(`${folder}-own`, 'my-network.ts');
  mkdirSync(`${folder}-own`);
  writeFileSync(file, code);
  return file;
}

/** Builds the demo, with that network in it, into a folder of its own and serves it while the tests run. */
export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  const outDir = mkdtempSync(join(tmpdir(), 'facegrad-demo-'));
  process.env[MODEL_VARIABLE] = ownNetwork(outDir);
  const config = { configFile: resolve('vite.app.config.ts'), configLoader: 'runner' as const };
  await build({ ...config, logLevel: 'error', build: { outDir } });
  const server = await preview({
    ...config,
    build: { outDir },
    preview: { port: 0, allowedHosts: ['facegrad.test'] },
  });
  project.provide('url', server.resolvedUrls!.local[0]);
  project.provide('folder', outDir);
  return async () => {
    await server.close();
    for (const folder of [outDir, `${outDir}-own`])
      rmSync(folder, { recursive: true, force: true });
  };
}
