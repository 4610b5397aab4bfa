/**
 * Who may import whom. The order of the layers is the architecture (docs/architecture.md):
 *   gpu, shaders <- kernels <- tape <- eager, vision <- nn <- train, onnx <- cli, bench, app
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
        path: '^(src|shaders|cli|app|learn|bench|test|tools|scripts)/',
        pathNot: [
          `^src/(${[layer, ...below].join('|')})/`,
          ...(outside[layer] ?? []).map((folder) => `^${folder}/`),
          '^src/[^/]+\\.d\\.ts$',
          ...(layer === 'gpu' ? [] : [RANDOM]),
        ],
      },
    })),
    {
      name: 'reference-imports-nothing',
      comment: 'the f64 reference is the definition in case of doubt: it leans on nothing of ours',
      severity: 'error',
      from: { path: REFERENCE },
      to: { pathNot: [REFERENCE, RANDOM] },
    },
    {
      name: 'reference-never-ships',
      comment: 'only tests and benchmarks compare with the reference',
      severity: 'error',
      from: { pathNot: [REFERENCE, '^(test|bench)/'] },
      to: { path: REFERENCE },
    },
    {
      name: 'library-is-closed',
      comment: 'the library imports neither the programs around it nor the command line',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^(cli|app|learn|bench|test|tools|scripts)/' },
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
      comment:
        'the demo is made of the library and the packages that pages run; its benchmark is the benchmark',
      severity: 'error',
      from: { path: '^app/', pathNot: '^app/bench/' },
      to: {
        path: '^(cli|src/gpu/node\\.ts|src/data/node_files\\.ts|learn|bench|test|tools|scripts)',
      },
    },
    {
      name: 'app-without-node',
      severity: 'error',
      from: { path: '^app/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pages-share-shared-alone',
      comment: 'a page of the demo loads nothing of another page',
      severity: 'error',
      from: { path: '^app/([^/]+)/', pathNot: '^app/(shared|compare)/' },
      to: { path: '^app/', pathNot: ['^app/$1/', '^app/shared/'] },
    },
    {
      name: 'tests-are-not-imported',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
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
    tsPreCompilationDeps: 'specify',
    doNotFollow: { path: ['node_modules', '\\.wgsl$'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
      extensions: ['.ts', '.tsx', '.mts', '.d.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
