import { defineConfig } from 'vitest/config';

/** The demo in real Chrome, built and served as any host would. `npm run test:e2e`. */
export default defineConfig({
  test: {
    name: 'e2e',
    include: ['test/e2e/**/*.e2e.test.ts'],
    globalSetup: 'test/e2e/serve.ts',
    // One Chrome at a time: what is measured is the page, not a fight over the machine.
    fileParallelism: process.env.FACEGRAD_E2E_FULL !== '1',
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 120_000,
  },
});
