/**
 * The whole check: types, lint, format, import rules, every test, and the demo end to end; arguments
 * go to vitest and leave the demo out. Ends with `N passed, N failed`, and fails if anything did. A
 * check counts as a test.
 */
import { ensureDependencies, windows } from './bootstrap.mjs';
import { finish, node, run, total, vitest } from './vitest.mjs';

ensureDependencies();

const checks = ['typecheck', 'lint', 'format:check', 'check:imports'].map(async (title) => {
  const status = await run(['npm', 'run', '--silent', title], {
    title,
    whole: true,
    shell: windows,
  });
  total[status === 0 ? 'passed' : 'failed'] += 1;
});
await Promise.all(checks);

const setup = process.env.FACEGRAD_REQUIRE_NODE_GPU ? ['--node-gpu'] : [];
const chosen = process.argv.slice(2);
if ((await node('scripts/run.mjs', 'tools/setup.ts', ...setup)) !== 0) total.failed += 1;
else if (chosen.length > 0) await vitest('tests', chosen);
else {
  // Left to one vitest, two cores are one worker, and the files without a GPU wait for all of Node's.
  await Promise.all([
    vitest('tests on GPUs', ['--project=!unit']),
    vitest('tests without a GPU', ['--project=unit'], { whole: true }),
  ]);
  await vitest('the demo in Chrome', ['--config=vitest.e2e.config.ts']);
}
finish();
