import { fileURLToPath } from 'node:url';
import { launch, type Browser } from 'puppeteer';
import { createServer, type ViteDevServer } from 'vite';
import { chromeFlags, findChrome } from '../../tools/chrome';
import { ownSystems } from '../../tools/own_systems';
import { wgsl } from '../../tools/wgsl_plugin';
import type { Answer, Job } from '../jobs/job';
import { cpuTime } from './cpu_time';
import { Deadline } from './deadline';
import type { BenchPage } from './page';
import type { BenchRuntime } from './runtime';

const CLOSE_MS = 5000;
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Headless Chrome through Puppeteer; the page is served by Vite. */
export async function chromeBench(onProgress: (text: string) => void): Promise<BenchRuntime> {
  const executablePath = await findChrome();
  const server = await createServer({
    root,
    configFile: false,
    plugins: [wgsl(), ownSystems()],
    logLevel: 'error',
    publicDir: fileURLToPath(new URL('../peers/node_modules', import.meta.url)),
    server: {
      port: 0,
      host: '127.0.0.1',
      // A file saved elsewhere must not reload the page in the middle of a run.
      hmr: false,
      watch: null,
      // Isolated pages have threads in WebAssembly, and a fine clock.
      headers: {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
      },
    },
    optimizeDeps: { noDiscovery: true, include: [] },
  });
  await server.listen();
  const args = chromeFlags({ asVisitors: true });
  const open = () => launch({ executablePath, args, headless: true, protocolTimeout: 0 });
  let browser: Browser | undefined;
  let ask: ((job: Job) => Promise<Answer>) | undefined;
  let version = '';
  const deadline = new Deadline();
  const start = async () => {
    await stop();
    browser = await open();
    version = await browser.version();
    ask = await openPage(browser, server, onProgress, deadline);
  };
  /** A GPU that is at work for minutes does not let a browser close itself. */
  const stop = async () => {
    if (!browser) return;
    const process = browser.process();
    const patience = setTimeout(() => process?.kill('SIGKILL'), CLOSE_MS);
    await browser.close().catch(() => undefined);
    clearTimeout(patience);
    browser = undefined;
    ask = undefined;
  };
  return {
    async ask(job, { fresh, limitMs } = {}) {
      if (fresh || !ask) await start();
      try {
        return await deadline.watch(ask!(job), limitMs);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    where: () => Promise.resolve({ browser: version, flags: args.join(' ') }),
    async close() {
      await stop();
      await server.close();
    },
  };
}

async function openPage(
  browser: Browser,
  server: ViteDevServer,
  onProgress: (text: string) => void,
  deadline: Deadline,
): Promise<(job: Job) => Promise<Answer>> {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error));
  page.on('console', (message) => {
    if (message.type() === 'error') console.error(`  page: ${message.text().slice(0, 300)}`);
  });
  const pid = browser.process()?.pid;
  await page.exposeFunction('facegradProgress', onProgress);
  await page.exposeFunction('facegradTurn', (library: string | null) =>
    deadline.turn(library ?? undefined),
  );
  await page.exposeFunction('facegradCpuTime', () => cpuTime(pid));
  await page.goto(new URL('bench/host/page.html', server.resolvedUrls!.local[0]).href);
  await page.waitForFunction(() => document.title === 'ready');
  return (job) =>
    page.evaluate((given) => (window as unknown as BenchPage).facegradBench(given), job);
}
