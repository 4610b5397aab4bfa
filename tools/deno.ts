import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';

const VERSION = '2.9.6';
/** Beside the packages, and none of them: only its tests want it, and it is large. */
const FOLDER = resolve('node_modules/.cache/deno');

/**
 * The Deno to run: DENO_PATH, else the npm package, which is installed where it is missing.
 * @throws with what to do where it cannot be
 */
export function findDeno(log: (line: string) => void = console.error): string {
  const named = process.env.DENO_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`DENO_PATH is ${named}, and there is no such file`);
  }
  const program = resolve(FOLDER, 'node_modules/deno/bin.cjs');
  if (!existsSync(program)) {
    log(`Installing Deno ${VERSION} (npm) …`);
    mkdirSync(FOLDER, { recursive: true });
    const windows = process.platform === 'win32';
    const args = ['install', '--prefix', FOLDER, '--no-fund', '--no-audit', `deno@${VERSION}`];
    const { status } = spawnSync('npm', args, { stdio: ['ignore', 2, 2], shell: windows });
    if (status !== 0 || !existsSync(program)) {
      throw new Error(
        'the npm package deno could not be installed; install Deno (https://deno.com) and set DENO_PATH to its program file',
      );
    }
  }
  return program;
}

/** Runs a script in Deno with everything allowed and WebGPU on. */
export function main(argv: string[]): number {
  const deno = findDeno();
  const start = deno.endsWith('.cjs') ? [process.execPath, deno] : [deno];
  const args = [...start.slice(1), 'run', '-A', '--unstable-webgpu', ...argv];
  return spawnSync(start[0], args, { stdio: 'inherit' }).status ?? 1;
}
