/** What every command does first. Plain Node: it runs before anything is installed. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Installs the packages of package-lock.json where they are missing or of other versions, so that a
 * fresh clone needs one command. Chrome is not fetched here: tools/chrome.ts does, when it is needed.
 */
export function ensureDependencies() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const oldest = { 20: 19, 21: Infinity, 22: 12 }[major] ?? 0; // what Vite runs on
  if (major < 20 || minor < oldest) {
    fail(`facegrad needs Node 20.19, 22.12 or newer; this is ${process.versions.node}`);
  }
  if (installed()) return;
  console.error('Installing the packages of package-lock.json (npm ci) …');
  const code = npm(['ci', '--no-fund', '--no-audit', '--include=dev', '--include=optional'], {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, PUPPETEER_SKIP_DOWNLOAD: '1' },
  });
  if (code !== 0) fail('npm ci failed; its messages are above');
}

/** npm is a .cmd there, which only a shell runs. */
export const windows = process.platform === 'win32';

/** Runs npm in the project's folder and returns its exit code. */
function npm(args, options = {}) {
  const { status } = spawnSync('npm', args, {
    cwd: root,
    stdio: 'inherit',
    shell: windows,
    ...options,
  });
  return status ?? 1;
}

/** Whether node_modules holds what package-lock.json says (npm lists there what it installed). */
function installed() {
  const packages = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  try {
    const there = packages('node_modules/.package-lock.json');
    return Object.entries(packages('package-lock.json')).every(
      ([path, { version, optional }]) =>
        path === '' || there[path]?.version === version || (optional && !there[path]),
    );
  } catch {
    return false;
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
