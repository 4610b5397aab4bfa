import { defineConfig } from 'vitest/config';
import { nodeAdapter } from './tools/node_adapter';
import { launchChrome, puppeteerProvider } from './tools/vitest_puppeteer';
import { ownSystems } from './tools/own_systems';
import { wgsl } from './tools/wgsl_plugin';

const GPU_TESTS = 'test/**/*.gpu.test.ts';
/**
 * The kernels' cases run on the machine of `learn` as well, which needs no GPU and finds races. The convolutions' hundreds
 * of cases take it minutes: they are checked so with FACEGRAD_MACHINE=all alone.
 */
const ON_THE_MACHINE =
  process.env.FACEGRAD_MACHINE === 'all'
    ? 'test/kernels/*.gpu.test.ts'
    : 'test/kernels/!(conv5x5|conv2d|winograd).gpu.test.ts';
/**
 * What compiles many kernels and runs each a few times: without LLVM's passes lavapipe is done with them in two thirds of the
 * time. Trainings are far slower so, and a process has one setting.
 */
const MANY_KERNELS = [
  'test/kernels/conv.gpu.test.ts',
  'test/learn/random.gpu.test.ts',
  'test/nn/network.gpu.test.ts',
  'test/tape/operations/conv.gpu.test.ts',
  'test/tape/variants.gpu.test.ts',
];
const common = {
  // For what never ends: a busy machine is slow, and no failure.
  testTimeout: 600_000,
  hookTimeout: 600_000,
};

/** Dawn keeps a process-wide instance: one process a project, files in turn. */
const inNode = (name: string, files: { include: string[]; exclude?: string[]; env?: object }) => ({
  plugins: [wgsl(), ownSystems()],
  test: {
    ...common,
    ...files,
    name,
    pool: 'forks' as const,
    maxWorkers: 1,
    isolate: false,
  },
});

const adapter = await nodeAdapter();
if (!adapter && process.env.FACEGRAD_REQUIRE_NODE_GPU) {
  throw new Error('FACEGRAD_REQUIRE_NODE_GPU is set, but Dawn finds no adapter in Node');
}
console.log(
  adapter
    ? `GPU tests run in Chrome and in Node (${adapter})`
    : 'GPU tests run in Chrome only: Node has no adapter (npm package webgpu, and a Vulkan driver)',
);

export default defineConfig({
  plugins: [wgsl(), ownSystems()],
  test: {
    projects: [
      {
        plugins: [wgsl(), ownSystems()],
        test: {
          ...common,
          name: 'unit',
          include: ['test/**/!(*.gpu).test.ts', ON_THE_MACHINE],
          exclude: ['test/e2e/**'],
          env: { VITE_ADAPTER: 'machine' },
        },
      },
      {
        plugins: [wgsl(), ownSystems()],
        test: {
          ...common,
          name: 'chrome',
          include: [GPU_TESTS],
          // One page for all files: SwiftShader compiles a training step for half a minute, once and not for each file.
          isolate: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: puppeteerProvider({ launch: launchChrome }),
            instances: [{ browser: 'chrome' }],
          },
        },
      },
      ...(adapter
        ? [
            inNode('node', { include: [GPU_TESTS], exclude: MANY_KERNELS }),
            inNode('node-unoptimized', {
              include: MANY_KERNELS,
              env: { GALLIVM_PERF: 'nopt' },
            }),
          ]
        : []),
    ],
  },
});
