import { fileURLToPath } from 'node:url';
import puppeteer, { type Browser, type Page } from 'puppeteer';
import { build } from 'vite';
import { chromeFlags, findChrome } from '../../tools/chrome';
import { ownSystems } from '../../tools/own_systems';
import { wgsl } from '../../tools/wgsl_plugin';
import { FacegradError } from '../../src/gpu/errors';
import { reviveError, type Job } from '../jobs/job';
import type { PageGlobals, PageJob, PageMessage } from '../page/protocol';
import { answer, bodyOf, openLoopback, type Loopback } from './loopback';
import { EventQueue, type Runtime } from './runtime';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface ChromeOptions {
  /** Module, from the project's folder, that exports `jobs`. */
  jobs?: string;
  log?: (line: string) => void;
}

/**
 * Jobs in a page of headless Chrome, driven by Puppeteer. The page is bundled once, in memory, so
 * that no edit on the disk reaches a run; bytes go over a loopback server, events over Puppeteer.
 */
export async function chromeRuntime(options: ChromeOptions = {}): Promise<Runtime> {
  const { jobs = 'cli/jobs/index.ts', log = console.error } = options;
  const [script, executablePath] = await Promise.all([bundle(jobs), findChrome(log)]);
  const loopback = await openLoopback();
  loopback.serve('page.js', (_, response) => answer(response, 'text/javascript', script));
  loopback.serve('', (_, response) =>
    answer(
      response,
      'text/html',
      '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>facegrad</title><script type="module" src="page.js"></script>',
    ),
  );
  let browser: Browser;
  try {
    browser = await puppeteer.launch({
      executablePath,
      args: chromeFlags(),
      headless: true,
      // Over a pipe Chrome ends with this process, however that ends.
      pipe: true,
      // Ctrl-C is for the job, which first writes a checkpoint.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (cause) {
    await loopback.close();
    throw new FacegradError(
      'unsupported',
      `Chrome failed to start (${executablePath}): ${(cause as Error).message}`,
      { cause },
    );
  }
  return {
    name: 'chrome',
    run: (job, stop) => runInPage(browser, loopback, job, stop, log),
    async close() {
      await browser.close();
      await loopback.close();
    },
  };
}

/** The page's code as one module: shaders inlined, nothing written to the disk. */
async function bundle(jobs: string): Promise<string> {
  const entry = 'virtual:facegrad-page';
  const result = await build({
    configFile: false,
    root,
    logLevel: 'error',
    publicDir: false,
    plugins: [
      wgsl(),
      ownSystems(),
      {
        name: 'facegrad-page',
        resolveId: (id) => (id === entry ? `\0${entry}` : null),
        load: (id) =>
          id === `\0${entry}`
            ? `import { servePage } from '/cli/page/page.ts';
               import { jobs } from '/${jobs}';
               void servePage(jobs);`
            : null,
      },
    ],
    build: {
      write: false,
      target: 'esnext',
      minify: false,
      modulePreload: false,
      rollupOptions: {
        input: entry,
        external: ['webgpu'],
        output: { codeSplitting: false },
      },
    },
  });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((r) =>
    'output' in r ? r.output : [],
  );
  const chunks = outputs.filter((output) => output.type === 'chunk');
  if (chunks.length !== 1) throw new Error(`the page's bundle has ${chunks.length} parts`);
  return chunks[0].code;
}

async function* runInPage(
  browser: Browser,
  loopback: Loopback,
  { kind, config, inputs }: Job,
  stop: AbortSignal | undefined,
  log: (line: string) => void,
) {
  const queue = new EventQueue();
  const description: PageJob = { kind, config, inputs: Object.keys(inputs) };
  loopback.serve('job', (_, response) =>
    answer(response, 'application/json', JSON.stringify(description)),
  );
  loopback.serve('inputs/*', (_, response, name) =>
    answer(response, 'application/octet-stream', inputs[name]),
  );
  loopback.serve('files/*', async (request, response, name) => {
    queue.push({ type: 'file', name, bytes: await bodyOf(request) });
    answer(response, 'text/plain', 'here');
  });
  const gone = () => queue.end(new FacegradError('device-lost', 'Chrome has exited'));
  browser.once('disconnected', gone);
  const page = await browser.newPage();
  const ask = () => {
    page
      .evaluate(() => (window as unknown as PageGlobals).facegradStop())
      .catch((error: unknown) => queue.end(error));
  };
  try {
    watch(page, queue, log);
    await page.exposeFunction('facegradPost', (text: string) => {
      const message = JSON.parse(text) as PageMessage;
      if (message.type === 'event') queue.push(message.event);
      else queue.end(message.type === 'failed' ? reviveError(message.error) : undefined);
    });
    await page.goto(loopback.url, { waitUntil: 'load', timeout: 120_000 });
    stop?.addEventListener('abort', ask);
    if (stop?.aborted) ask();
    yield* queue;
  } finally {
    stop?.removeEventListener('abort', ask);
    browser.off('disconnected', gone);
    for (const path of ['job', 'inputs/*', 'files/*']) loopback.serve(path, undefined);
    await page.close().catch(() => {}); // gone already, and said so above
  }
}

/** What goes wrong in the page outside of the job ends it too. */
function watch(page: Page, queue: EventQueue, log: (line: string) => void): void {
  page.on('pageerror', (error) => queue.end(error));
  page.on('error', (error) =>
    queue.end(new FacegradError('device-lost', `the page crashed: ${error.message}`)),
  );
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warn') log(`Chrome: ${message.text()}`);
  });
}
