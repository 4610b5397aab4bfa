/**
 * The whole check: types, lint, format, import rules, every test, and the demo end to end; arguments
 * go to vitest and leave the demo out. Ends with `N passed, N failed`, and fails if anything did. A
 * check counts as a test.
 */
import { ensureDependencies, npm } from './bootstrap.mjs';
import { finish, node, total, vitest } from './vitest.mjs';

ensureDependencies();

for (const check of ['typecheck', 'lint', 'format:check', 'check:imports']) {
  console.log(`\n— ${check}`);
  total[npm(['run', '--silent', check]) === 0 ? 'passed' : 'failed'] += 1;
}

const setup = process.env.FACEGRAD_REQUIRE_NODE_GPU ? ['--node-gpu'] : [];
if (node('scripts/run.mjs', 'tools/setup.ts', ...setup) !== 0) total.failed += 1;
else {
  const chosen = process.argv.slice(2);
  vitest('tests', chosen);
  // What is chosen is chosen of the tests above; the demo's have a command of their own.
  if (chosen.length === 0) vitest('the demo in Chrome', ['--config=vitest.e2e.config.ts']);
}
finish();
