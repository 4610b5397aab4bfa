/** No page moves by itself while it gets ready: a finger that comes down meets what it was aimed at. */
import type { Browser } from 'puppeteer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch, observedSince, openTab, waitForText } from './browser';

/** Pages, and what they say when nothing more comes by itself. */
const PAGES: [string, RegExp][] = [
  ['index.html', /Takes .+ of memory/],
  ['live.html', /Live/],
  ['compare.html', /Compare/],
  ['bench.html', /Benchmark/],
  ['check.html', /Check this GPU/],
  ['learn.html', /Learn/],
  ['learn-02-a-line-of-memory.html', /Step through it/],
  ['kernel-conv5x5.html', /Step through it/],
];
/** Of the screen, all shifts together. */
const MOST = 0.05;

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it.each(PAGES)('%s', async (name, ready) => {
  const context = await browser.createBrowserContext();
  const { page } = await openTab(context, name);
  for (const width of [1280, 390]) {
    await page.setViewport({ width, height: 844 });
    await page.reload();
    await waitForText(page, 'main', ready);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { shifts } = await observedSince(page, 0);
    expect(
      shifts.reduce((sum, { share }) => sum + share, 0),
      `${width} wide`,
    ).toBeLessThan(MOST);
  }
  await context.close();
});
