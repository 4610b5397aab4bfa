import { defineBrowserProvider } from '@vitest/browser';
import puppeteer, { type Browser, type Page } from 'puppeteer';
import { chromeFlags } from './chrome';

interface Options {
  executablePath: () => Promise<string>;
}

/** vitest's browser mode on Puppeteer: the tests run inside real Chrome. */
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
          browser ??= options
            .executablePath()
            .then((executablePath) =>
              puppeteer.launch({ executablePath, args: chromeFlags(), headless: true }),
            );
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
