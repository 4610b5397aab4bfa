/**
 * npm run test:engines [-- engine … files …]: the GPU's tests where they do not run otherwise: in Deno and in
 * Firefox (both wgpu and naga), and in Node with subgroups of other sizes. Installs what is missing. Ends with
 * `N passed, N failed`.
 */
import { ensureDependencies } from './bootstrap.mjs';
import { finish, node, total, vitest } from './vitest.mjs';

const ENGINES = ['node', 'deno', 'firefox', 'pages'];
/** What is tested in every engine. */
const EVERYWHERE = ['test/kernels', 'test/gpu', 'test/eager', 'test/tape'];
/** Where subgroups are used: at each of their sizes on lavapipe. */
const SUBGROUPS = ['test/gpu', 'test/kernels/conv5x5', 'test/kernels/winograd'];
const WIDTHS = { 128: 4, 256: 8, 512: 16 };

ensureDependencies();
const args = process.argv.slice(2);
const chosen = args.filter((arg) => ENGINES.includes(arg));
const files = args.filter((arg) => !ENGINES.includes(arg));
const engines = chosen.length > 0 ? chosen : ENGINES;
const given = (usual) => (files.length > 0 ? files : usual);
const project = (name, usual) => [
  '--config=vitest.engines.config.ts',
  `--project=${name}`,
  ...usual,
];

if (node('scripts/run.mjs', 'tools/engines.ts', ...engines) !== 0) total.failed += 1;
else {
  if (engines.includes('node')) {
    for (const [width, lanes] of Object.entries(WIDTHS)) {
      const env = { LP_NATIVE_VECTOR_WIDTH: width };
      vitest(`Node, subgroups of ${lanes}`, project('node', given(SUBGROUPS)), { env });
    }
  }
  if (engines.includes('deno')) {
    const runtime = [process.execPath, 'scripts/run.mjs', 'tools/deno.ts'];
    vitest('Deno', project('deno', given(EVERYWHERE)), { runtime });
  }
  if (engines.includes('firefox')) vitest('Firefox', project('firefox', given(EVERYWHERE)));
  if (engines.includes('pages')) vitest('the demo in Firefox', project('pages', []));
}
finish();
