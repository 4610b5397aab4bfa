import puppeteer, { type Browser, type ConsoleMessage, type Page } from 'puppeteer';
import { inject } from 'vitest';
import { chromeFlags, findChrome } from '../../tools/chrome';

/** What a page did that it should not, and what it fetched. */
export interface Watch {
  /** Requests to other origins. */
  foreign: string[];
  /** Paths of everything else that it fetched, in order. */
  fetched: string[];
  /** Errors in the console and uncaught ones, but for `harmless`. */
  errors: string[];
}

/** Lines that the kept face detector prints although nothing is wrong. */
const HARMLESS = [/XNNPACK/, /TensorFlow Lite/, /ReadPixels/];

/** @param usual the switches that give Chrome a GPU, or software in its place */
export async function launch(flags: string[] = [], usual = chromeFlags()): Promise<Browser> {
  return puppeteer.launch({
    executablePath: await findChrome(),
    headless: true,
    args: [...usual, ...flags],
  });
}

/** A tab on a page of the demo, watched from before its first request. */
export async function openTab(
  browser: Browser,
  path: string,
): Promise<{ page: Page; watch: Watch }> {
  const base = inject('url');
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 900 });
  const watch: Watch = { foreign: [], fetched: [], errors: [] };
  page.on('request', (request) => {
    const url = request.url();
    if (/^(data|blob):/.test(url)) return;
    if (url.startsWith(base)) watch.fetched.push(url.slice(base.length));
    else watch.foreign.push(url);
  });
  page.on('console', (message: ConsoleMessage) => {
    const text = message.text();
    if (message.type() === 'error' && !HARMLESS.some((line) => line.test(text))) {
      watch.errors.push(text);
    }
  });
  page.on('pageerror', (error) => watch.errors.push(String(error)));
  await page.evaluateOnNewDocument(observeTasks);
  await page.goto(new URL(path, base).href);
  return { page, watch };
}

interface Observed {
  longTasks: { at: number; ms: number }[];
  inputs: { at: number; ms: number }[];
}

declare global {
  interface Window {
    observed: Observed;
  }
}

/** In the page: tasks over 50 ms, and how long inputs waited until they were dealt with. */
function observeTasks(): void {
  const observed: Observed = { longTasks: [], inputs: [] };
  window.observed = observed;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      observed.longTasks.push({ at: startTime, ms: duration });
    }
  }).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as PerformanceEventTiming[]) {
      const ms = entry.processingEnd - entry.startTime;
      observed.inputs.push({ at: entry.startTime, ms });
    }
  }).observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit);
}

/** Long tasks and inputs since a time of the page's own clock. */
export async function observedSince(page: Page, since: number): Promise<Observed> {
  const { longTasks, inputs } = await page.evaluate(() => window.observed);
  return {
    longTasks: longTasks.filter(({ at }) => at >= since),
    inputs: inputs.filter(({ at }) => at >= since),
  };
}

export const text = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => (element as HTMLElement).innerText);

/** Waits for words to stand in an element. */
export async function waitForText(
  page: Page,
  selector: string,
  words: RegExp,
  timeout = 90_000,
): Promise<void> {
  await page.waitForFunction(
    (selector, source, flags) =>
      new RegExp(source, flags).test(document.querySelector(selector)?.textContent ?? ''),
    { timeout, polling: 100 },
    selector,
    words.source,
    words.flags,
  );
}

/** Presses the button with these words. */
export async function press(page: Page, words: string): Promise<void> {
  const button = await page.waitForSelector(
    `::-p-xpath(//button[normalize-space()="${words}"][not(@disabled)])`,
    { timeout: 60_000 },
  );
  await button!.click();
}
