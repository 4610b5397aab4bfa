/**
 * The whole check: types, lint, format, import rules, then every test; arguments go to vitest. Ends
 * with `N passed, N failed`, and fails if anything did. A check counts as a test.
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

console.log('\n— tests');
const folder = mkdtempSync(join(tmpdir(), 'facegrad-test-'));
const report = join(folder, 'report.json');
const setup = process.env.FACEGRAD_REQUIRE_NODE_GPU ? ['--node-gpu'] : [];
const ready = node('scripts/run.mjs', 'tools/setup.ts', ...setup) === 0;
const status =
  ready &&
  node(
    'node_modules/vitest/vitest.mjs',
    'run',
    '--configLoader=runner',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  );
const counts = { passed: 0, failed: 0, skipped: 0 };
if (existsSync(report)) {
  for (const { status, assertionResults } of JSON.parse(readFileSync(report, 'utf8')).testResults) {
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

const { passed, failed, skipped } = total;
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 ? 0 : 1);
