import { defineBrowserProvider } from '@vitest/browser';
import puppeteer, { type Browser, type Page } from 'puppeteer';
import { chromeFlags, findChrome } from './chrome';

/** A headless Chrome with WebGPU. */
export async function launchChrome(): Promise<Browser> {
  const executablePath = await findChrome();
  return puppeteer.launch({ executablePath, args: chromeFlags(), headless: true });
}

interface Options {
  launch: () => Promise<Browser>;
}

/** vitest's browser mode on Puppeteer: the tests run inside a real browser. */
export function puppeteerProvider(options: Options) {
  return defineBrowserProvider<Options>({
    name: 'puppeteer',
    options,
    providerFactory() {
      let browser: Promise<Browser> | undefined;
      const pages = new Map<string, Page>();
      return {
        name: 'puppeteer',
        supportsParallelism: false,
        getCommandsContext: () => ({}),
        async openPage(sessionId, url) {
          browser ??= options.launch();
          const page = await (await browser).newPage();
          pages.set(sessionId, page);
          await page.goto(url);
        },
        async getCDPSession(sessionId) {
          const session = await pages.get(sessionId)!.createCDPSession();
          return session as never;
        },
        async close() {
          await (await browser)?.close();
        },
      };
    },
  });
}
