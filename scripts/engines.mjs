/**
 * npm run test:engines [-- --short] [engine … files …]: the GPU's tests where they do not run otherwise: in Deno and in
 * Firefox (both wgpu and naga), and in Node with subgroups of other sizes. Installs what is missing; an engine that cannot
 * be installed is left out and named, and with FACEGRAD_REQUIRE_ENGINES=1 that is a failure. Ends with `N passed, N failed`.
 * `--short` is what .ci/run has the time for: of each kind of kernel one, and the sizes of subgroups at the ends.
 */
import { fileURLToPath } from 'node:url';
import { ensureDependencies } from './bootstrap.mjs';
import { finish, run, total, vitest } from './vitest.mjs';

const ENGINES = ['node', 'deno', 'firefox', 'pages'];
/** What is tested in Deno and Firefox unless files are named: `test/kernels` whole takes Deno half an hour on two busy cores. */
const KERNELS =
  'relu softmax dense lstm bn_relu_pool conv5x5 depthwise cross_entropy histogram_equalization distance_transform canny optimizer';
/** A product, over rows, over time, a convolution, of pictures. */
const SHORT_KERNELS = 'dense softmax lstm depthwise histogram_equalization';
/** Where subgroups are used: at each of their sizes on lavapipe. */
const SUBGROUPS = ['test/gpu', 'test/kernels/conv5x5', 'test/kernels/winograd'];

/**
 * Runs them, and adds what it found to the total.
 * @param options.whole prints what a run says when it has ended: for what runs beside others
 */
export async function testEngines(given, { whole = false } = {}) {
  const short = given.includes('--short');
  const args = given.filter((arg) => arg !== '--short');
  const chosen = args.filter((arg) => ENGINES.includes(arg));
  const files = args.filter((arg) => !ENGINES.includes(arg));
  const everywhere = [
    ...['test/gpu', short ? 'test/eager/inputs' : 'test/eager', 'test/tape/plan'],
    'test/tape/operations/general',
    ...(short ? SHORT_KERNELS : KERNELS).split(' ').map((kernel) => `test/kernels/${kernel}.gpu`),
  ];
  const widths = short ? { 128: 4, 512: 16 } : { 128: 4, 256: 8, 512: 16 };
  const script = (...args) => [process.execPath, 'scripts/run.mjs', ...args];
  const test = (title, project, usual, options) => {
    const named = files.length > 0 && usual.length > 0 ? files : usual;
    const args = ['--config=vitest.engines.config.ts', `--project=${project}`, ...named];
    return vitest(title, args, { whole, ...options });
  };
  const runs = {
    async node() {
      for (const [width, lanes] of Object.entries(widths)) {
        const env = { LP_NATIVE_VECTOR_WIDTH: width };
        await test(`Node, subgroups of ${lanes}`, 'node', SUBGROUPS, { env });
      }
    },
    deno: () => test('Deno', 'deno', everywhere, { runtime: script('tools/deno.ts') }),
    firefox: () => test('Firefox', 'firefox', everywhere),
    pages: () => test('the demo in Firefox', 'pages', []),
  };
  /** Whether an engine is there; says so, and counts one that had to be. */
  const ready = async (engine) => {
    if ((await run(script('tools/engines.ts', engine), { whole })) === 0) return true;
    if (process.env.FACEGRAD_REQUIRE_ENGINES) total.failed += 1;
    return false;
  };
  for (const engine of chosen.length > 0 ? chosen : ENGINES) {
    if (await ready(engine)) await runs[engine]();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  ensureDependencies();
  await testEngines(process.argv.slice(2));
  if (total.passed === 0 && total.failed === 0) total.failed = 1; // nothing ran
  finish();
}
