/**
 * npm run test:engines [-- --short] [engine … files …]: the GPU's tests where they do not run otherwise: in Deno and in
 * Firefox (both wgpu and naga), and in Node with subgroups of other sizes. Installs what is missing; an engine that cannot
 * be installed is left out and named, and with FACEGRAD_REQUIRE_ENGINES=1 that is a failure. Ends with `N passed, N failed`.
 * `--short` is what .ci/run has the time for: of each kind of kernel one, and the sizes of subgroups at the ends.
 */
import { ensureDependencies } from './bootstrap.mjs';
import { finish, node, total, vitest } from './vitest.mjs';

const ENGINES = ['node', 'deno', 'firefox', 'pages'];
/** What is tested in Deno and Firefox unless files are named: `test/kernels` whole takes Deno half an hour on two busy cores. */
const KERNELS =
  'relu softmax dense lstm bn_relu_pool conv5x5 depthwise cross_entropy histogram_equalization distance_transform canny optimizer';
/** A product, over rows, over time, a convolution, of pictures. */
const SHORT_KERNELS = 'dense softmax lstm depthwise histogram_equalization';

ensureDependencies();
const short = process.argv.includes('--short');
const args = process.argv.slice(2).filter((arg) => arg !== '--short');
const EVERYWHERE = [
  ...['test/gpu', short ? 'test/eager/inputs' : 'test/eager', 'test/tape/plan'],
  'test/tape/operations/general',
  ...(short ? SHORT_KERNELS : KERNELS).split(' ').map((kernel) => `test/kernels/${kernel}.gpu`),
];
/** Where subgroups are used: at each of their sizes on lavapipe. */
const SUBGROUPS = ['test/gpu', 'test/kernels/conv5x5', 'test/kernels/winograd'];
const WIDTHS = short ? { 128: 4, 512: 16 } : { 128: 4, 256: 8, 512: 16 };

const chosen = args.filter((arg) => ENGINES.includes(arg));
const files = args.filter((arg) => !ENGINES.includes(arg));
const engines = chosen.length > 0 ? chosen : ENGINES;
const given = (usual) => (files.length > 0 ? files : usual);
const project = (name, usual) => [
  '--config=vitest.engines.config.ts',
  `--project=${name}`,
  ...usual,
];

const RUN = {
  async node() {
    for (const [width, lanes] of Object.entries(WIDTHS)) {
      const env = { LP_NATIVE_VECTOR_WIDTH: width };
      await vitest(`Node, subgroups of ${lanes}`, project('node', given(SUBGROUPS)), { env });
    }
  },
  deno() {
    const runtime = [process.execPath, 'scripts/run.mjs', 'tools/deno.ts'];
    return vitest('Deno', project('deno', given(EVERYWHERE)), { runtime });
  },
  firefox: () => vitest('Firefox', project('firefox', given(EVERYWHERE))),
  pages: () => vitest('the demo in Firefox', project('pages', [])),
};

/** Whether an engine is there; says so, and counts one that had to be. */
async function ready(engine) {
  if ((await node('scripts/run.mjs', 'tools/engines.ts', engine)) === 0) return true;
  if (process.env.FACEGRAD_REQUIRE_ENGINES) total.failed += 1;
  return false;
}

for (const engine of engines) if (await ready(engine)) await RUN[engine]();
if (total.passed === 0 && total.failed === 0) total.failed = 1; // nothing ran
finish();
