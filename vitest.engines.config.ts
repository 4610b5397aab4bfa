import { defineConfig } from 'vitest/config';
import { launchFirefox } from './tools/firefox';
import { chooseNodeAdapter } from './tools/node_adapter';
import { ownSystems } from './tools/own_systems';
import { puppeteerProvider } from './tools/vitest_puppeteer';
import { wgsl } from './tools/wgsl_plugin';

chooseNodeAdapter();

const plugins = [wgsl(), ownSystems()];
const common = { testTimeout: 300_000, hookTimeout: 300_000 };
/** Outside of a browser: the adapter is one a process. */
const process = {
  ...common,
  include: ['test/**/*.gpu.test.ts'],
  pool: 'forks' as const,
  maxWorkers: 1,
  isolate: false,
};

/** The tests in other engines: `npm run test:engines` (scripts/engines.mjs) runs the projects. */
export default defineConfig({
  plugins,
  test: {
    projects: [
      { plugins, test: { ...process, name: 'node' } },
      { plugins, test: { ...process, name: 'deno' } },
      {
        plugins,
        test: {
          ...common,
          name: 'firefox',
          include: ['test/**/*.gpu.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: puppeteerProvider({ launch: () => launchFirefox() }),
            instances: [{ browser: 'firefox' }],
          },
        },
      },
      {
        test: {
          ...common,
          name: 'pages',
          include: ['test/e2e/*.engines.test.ts'],
          globalSetup: 'test/e2e/serve.ts',
        },
      },
    ],
  },
});
