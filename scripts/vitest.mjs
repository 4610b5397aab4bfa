/** Runs vitest for the commands that test, and counts what it found. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

export const total = { passed: 0, failed: 0, skipped: 0 };

/**
 * Runs a program in the project's folder, under a title.
 * @param options.whole prints what it says when it has ended: for what runs beside another
 * @returns its exit code
 */
export async function run([program, ...args], { title, env, whole = false, shell = false } = {}) {
  const child = spawn(program, args, {
    cwd: root,
    shell,
    stdio: whole ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    env: { ...process.env, ...env },
  });
  const head = title ? `\n— ${title}\n` : '';
  const said = [];
  if (whole)
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => said.push(text));
  else process.stdout.write(head);
  const status = await new Promise((resolve) => {
    child.on('error', (error) => (said.push(Buffer.from(`${error.message}\n`)), resolve(1)));
    child.on('close', resolve);
  });
  process.stdout.write(Buffer.concat([Buffer.from(whole ? head : ''), ...said]));
  return status ?? 1;
}

export const node = (...args) => run([process.execPath, ...args]);

/**
 * Runs vitest, and adds what it found to the total.
 * @param options.runtime what runs it, Node by default
 */
export async function vitest(title, args, { runtime = [process.execPath], ...options } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'facegrad-test-'));
  const report = join(folder, 'report.json');
  const status = await run(
    [
      ...runtime,
      'node_modules/vitest/vitest.mjs',
      'run',
      '--configLoader=runner',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...args,
    ],
    { title, ...options },
  );
  const counts = { passed: 0, failed: 0, skipped: 0 };
  if (existsSync(report)) {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    for (const { status, assertionResults } of testResults) {
      for (const { status } of assertionResults) {
        if (status === 'passed' || status === 'failed') counts[status] += 1;
        else counts.skipped += 1;
      }
      // A file that could not be loaded holds no test, and has failed all the same.
      if (status === 'failed' && !assertionResults.some((test) => test.status === 'failed')) {
        counts.failed += 1;
      }
    }
  }
  rmSync(folder, { recursive: true, force: true });
  // No adapter, no report, an error outside of any test: vitest says so by its exit code alone.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (counts.passed === 0 && counts.failed === 0) counts.failed = 1;
  for (const key of Object.keys(total)) total[key] += counts[key];
}

/** Prints the total as the last line, and ends the process: with 1 if anything failed. */
export function finish() {
  const { passed, failed, skipped } = total;
  console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
  process.exit(failed === 0 ? 0 : 1);
}
