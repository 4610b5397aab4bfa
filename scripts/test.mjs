/**
 * The whole check: types, lint, format, import rules, every test, and the demo end to end; arguments
 * go to vitest and leave the demo out. Ends with `N passed, N failed`, and fails if anything did. A
 * check counts as a test.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies, npm, root } from './bootstrap.mjs';

ensureDependencies();
const node = (...args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status;
const total = { passed: 0, failed: 0, skipped: 0 };

for (const check of ['typecheck', 'lint', 'format:check', 'check:imports']) {
  console.log(`\n— ${check}`);
  total[npm(['run', '--silent', check]) === 0 ? 'passed' : 'failed'] += 1;
}

/** Runs vitest, and adds what it found to the total. */
function vitest(title, ...args) {
  console.log(`\n— ${title}`);
  const folder = mkdtempSync(join(tmpdir(), 'facegrad-test-'));
  const report = join(folder, 'report.json');
  const status = node(
    'node_modules/vitest/vitest.mjs',
    'run',
    '--configLoader=runner',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...args,
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

const setup = process.env.FACEGRAD_REQUIRE_NODE_GPU ? ['--node-gpu'] : [];
if (node('scripts/run.mjs', 'tools/setup.ts', ...setup) !== 0) total.failed += 1;
else {
  const chosen = process.argv.slice(2);
  vitest('tests', ...chosen);
  // What is chosen is chosen of the tests above; the demo's have a command of their own.
  if (chosen.length === 0) vitest('the demo in Chrome', '--config=vitest.e2e.config.ts');
}

const { passed, failed, skipped } = total;
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
