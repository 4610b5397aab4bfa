import { defineConfig } from 'vitest/config';
import { ownSystems } from './tools/own_systems';
import { wgsl } from './tools/wgsl_plugin';

/** The demo in real Chrome, built and served as any host would. `npm run test:e2e`. */
export default defineConfig({
  plugins: [wgsl(), ownSystems()],
  test: {
    name: 'e2e',
    include: ['test/e2e/**/*.e2e.test.ts'],
    globalSetup: 'test/e2e/serve.ts',
    // One Chrome at a time: what is measured is the page, not a fight over the machine.
    fileParallelism: process.env.FACEGRAD_E2E_FULL !== '1',
    maxWorkers: 2,
    // The waits give up where a page stands still; these are for what they miss.
    testTimeout: 1_200_000,
    hookTimeout: 600_000,
  },
});
