/**
 * Who may import whom. The order of the layers is the architecture (docs/architecture.md):
 *   gpu, shaders <- kernels <- tape <- eager, vision <- nn <- train, onnx <- cli, bench <- app
 *   learn/machine stands alone; tests run kernels on it; learn <- app
 * A type import counts as any other.
 */
const layers = {
  gpu: [],
  kernels: ['gpu'],
  tape: ['gpu', 'kernels'],
  eager: ['gpu', 'kernels', 'tape'],
  vision: ['gpu', 'kernels', 'tape'],
  nn: ['gpu', 'kernels', 'tape', 'eager', 'vision'],
  data: ['gpu'],
  train: ['gpu', 'kernels', 'tape', 'eager', 'nn', 'vision', 'data'],
  onnx: ['gpu', 'kernels', 'tape', 'eager', 'nn', 'vision', 'train'],
};

/** What else a layer may reach outside of src. */
const outside = { kernels: ['shaders'] };

/** The programs around the library, floor by floor: all of them may import `src`, and of the rest what is listed. */
const floors = {
  tools: [],
  'cli/jobs': [],
  'cli/page': ['cli/jobs'],
  'cli/runtime': ['cli/jobs', 'cli/page', 'tools'],
  cli: ['cli/jobs', 'cli/runtime', 'tools'],
  'bench/kernels': [],
  'bench/versus': ['bench/kernels'],
  'bench/peak': ['bench/kernels', 'bench/versus'],
  'bench/peers': ['bench/versus'],
  'bench/jobs': ['bench/kernels', 'bench/versus', 'bench/peak', 'bench/peers'],
  'bench/host': ['bench/jobs', 'bench/peers', 'tools'],
  'bench/report': ['bench/jobs', 'bench/versus', 'bench/peak'],
  bench: ['bench/jobs', 'bench/host', 'bench/report', 'bench/versus', 'tools'],
  'app/shared': [],
  'app/train': ['app/shared', 'app/live'],
  'app/live': ['app/shared'],
  'app/compare': ['app/shared', 'app/live'],
  'app/bench': [
    'app/shared',
    'bench/versus',
    'bench/peak',
    'bench/report',
    'bench/jobs',
    'bench/peers',
  ],
  check: ['test/kernels', 'test/support', 'tools'],
  'app/check': ['app/shared', 'check'],
};

/** Counter-based random numbers, pure functions: defined once for shaders' twins, data and tests. */
const RANDOM = '^src/kernels/random\\.ts$';
const REFERENCE = '^src/kernels/reference/';

module.exports = {
  forbidden: [
    ...Object.entries(layers).map(([layer, below]) => ({
      name: `layer-${layer}`,
      comment: `src/${layer} imports only ${['itself', ...below, ...(outside[layer] ?? [])].join(', ')}`,
      severity: 'error',
      from: { path: `^src/${layer}/`, pathNot: REFERENCE },
      to: {
        path: '^(src|shaders|cli|app|bench|test|tools|scripts)/',
        pathNot: [
          `^src/(${[layer, ...below].join('|')})/`,
          ...(outside[layer] ?? []).map((folder) => `^${folder}/`),
          '^src/[^/]+\\.d\\.ts$',
          ...(layer === 'gpu' ? [] : [RANDOM]),
        ],
      },
    })),
    ...Object.entries(floors).map(([floor, below]) => {
      // `cli` and `bench` themselves are the commands, not what lies in their folders.
      const files = /^(cli|bench)$/.test(floor) ? `^${floor}/[^/]+$` : `^${floor}/`;
      return {
        name: `floor-${floor}`,
        comment: `${floor} imports only ${['itself', 'src', ...below].join(', ')}`,
        severity: 'error',
        from: { path: files },
        to: {
          path: '^(cli|app|bench|test|tools|scripts)/',
          pathNot: [files, ...below.map((folder) => `^${folder}/`)],
        },
      };
    }),
    {
      name: 'reference-imports-nothing',
      comment: 'the f64 reference is the definition in case of doubt: it leans on nothing of ours',
      severity: 'error',
      from: { path: REFERENCE },
      to: { pathNot: [REFERENCE, RANDOM] },
    },
    {
      name: 'reference-never-ships',
      comment:
        'the package never ships the reference: tests, benchmarks and lessons compare with it',
      severity: 'error',
      from: { pathNot: [REFERENCE, '^(test|bench|learn)/'] },
      to: { path: REFERENCE },
    },
    {
      name: 'library-is-closed',
      comment: 'the library imports neither the programs around it nor the command line',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^(cli|app|bench|test|tools|scripts)/' },
    },
    {
      name: 'page-code-without-node',
      comment: 'pages and workers run everything but the command line and the files named for Node',
      severity: 'error',
      from: {
        path: '^(src|cli/jobs|cli/page)/',
        pathNot: ['^src/gpu/node\\.ts$', '^src/data/node_files\\.ts$'],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'node-files-stay-out-of-pages',
      comment:
        'what a page loads must not reach node_files (gpu/node loads nothing before it is called)',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/data/node_files\\.ts$' },
    },
    {
      name: 'ships-its-dependencies',
      comment: 'what is imported at run time by the library is in `dependencies`',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'app-is-a-page',
      comment: 'the demo loads nothing that is for Node',
      severity: 'error',
      from: { path: '^app/' },
      to: { path: '^src/(gpu/node|data/node_files)\\.ts$' },
    },
    {
      name: 'app-without-node',
      severity: 'error',
      from: { path: '^app/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'machine-stands-alone',
      comment:
        'the WGSL machine is made of itself and the parser; of the library it knows types alone',
      severity: 'error',
      from: { path: '^learn/machine/' },
      to: {
        pathNot: ['^learn/machine/', '^node_modules/wgsl_reflect/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'learn-is-below-the-pages',
      comment: 'lessons know the library; the pages show them',
      severity: 'error',
      from: { path: '^learn/' },
      to: { path: '^(cli|app|bench|test|tools|scripts)/' },
    },
    {
      name: 'tests-are-not-imported',
      comment: 'the check of a GPU runs the cases of the kernels’ tests',
      severity: 'error',
      from: { pathNot: '^(test|check)/' },
      to: { path: '^test/' },
    },
    {
      name: 'app-is-not-imported',
      comment: 'the pages are the top; only tests look into them',
      severity: 'error',
      from: { pathNot: '^(app|test)/' },
      to: { path: '^app/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: ['^virtual:', '[?]url$'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '\\.wgsl$'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.tsx', '.mts', '.d.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
