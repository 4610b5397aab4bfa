/**
 * The whole check: types, lint, format, import rules, every test, and the demo end to end; arguments
 * go to vitest and leave the demo out. FACEGRAD_ENGINES=short or =all has the other engines tested
 * beside. Ends with `N passed, N failed`, and fails if anything did. A check counts as a test.
 */
import { ensureDependencies, windows } from './bootstrap.mjs';
import { testEngines } from './engines.mjs';
import { finish, node, run, total, vitest } from './vitest.mjs';

const ENGINES = { short: ['--short'], all: [] };
const engines = process.env.FACEGRAD_ENGINES;
if (engines && !(engines in ENGINES)) {
  console.error(`FACEGRAD_ENGINES is ${engines}; short and all are what it can be`);
  process.exit(1);
}

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

/** Side by side: of one vitest, two cores are one worker. What does not run in Chrome says what it found when it has ended. */
async function everything() {
  const hasAdapter = (await node('scripts/run.mjs', 'tools/node_adapter.ts')) === 0;
  const whole = true;
  await Promise.all([
    vitest('tests without a GPU', ['--project=unit'], { whole }),
    ...(hasAdapter ? ['node', 'node-unoptimized'] : []).map((project) =>
      vitest(`tests on the GPU in Node: ${project}`, [`--project=${project}`], { whole }),
    ),
    engines && testEngines(ENGINES[engines], { whole }),
    (async () => {
      await vitest('tests on the GPU in Chrome', ['--project=chrome']);
      await vitest('the demo in Chrome', ['--config=vitest.e2e.config.ts']);
    })(),
  ]);
}

const setup = process.env.FACEGRAD_REQUIRE_NODE_GPU ? ['--node-gpu'] : [];
const chosen = process.argv.slice(2);
if ((await node('scripts/run.mjs', 'tools/setup.ts', ...setup)) !== 0) total.failed += 1;
else if (chosen.length > 0) await vitest('tests', chosen);
else await everything();
finish();
