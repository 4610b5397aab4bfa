import { join } from 'node:path';
import puppeteer from 'puppeteer';
import type {
  Browser,
  BrowserContext,
  ClickOptions,
  ConsoleMessage,
  ElementHandle,
  EvaluateFunc,
  Page,
} from 'puppeteer';
import { expect, inject } from 'vitest';
import { chromeFlags, findChrome } from '../../tools/chrome';

/**
 * Set where the machine is idle otherwise: then the whole training runs, and times and rates are held
 * to their bars. Without it they are printed alone, as on a busy machine they say nothing of the page.
 */
export const FULL = process.env.FACEGRAD_E2E_FULL === '1';

/** Where screenshots go, to be looked at. */
const SHOTS = process.env.FACEGRAD_E2E_SHOTS;

/** Prints a figure, and holds it to its bar where figures count; those after it are told as well. */
export function bar(
  what: string,
  value: number,
  bound: { least: number } | { most: number },
): void {
  const wanted = 'least' in bound ? `at least ${bound.least}` : `at most ${bound.most}`;
  console.log(`${what}: ${value.toFixed(1)} (${wanted})`);
  if (!FULL) return;
  if ('least' in bound) expect.soft(value, what).toBeGreaterThanOrEqual(bound.least);
  else expect.soft(value, what).toBeLessThanOrEqual(bound.most);
}

/** What a page did that it should not, and what it fetched. */
export interface Watch {
  /** Requests to other origins. */
  foreign: string[];
  /** Paths of everything else that it fetched, in order. */
  fetched: string[];
  /** Errors in the console and uncaught ones, but for `harmless`. */
  errors: string[];
}

/** For Puppeteer's own waits, in ms: they go by a clock, which on a busy machine is of no use. */
const LONGEST = 900_000;

/** Lines that the kept face detector prints although nothing is wrong. */
const HARMLESS = [/XNNPACK/, /TensorFlow Lite/, /ReadPixels/];

/** @param usual the switches that give Chrome a GPU, or software in its place */
export async function launch(
  flags: string[] = [],
  usual = chromeFlags({ asVisitors: FULL }),
): Promise<Browser> {
  return puppeteer.launch({
    executablePath: await findChrome(),
    headless: true,
    protocolTimeout: LONGEST,
    args: [...usual, ...flags],
  });
}

/**
 * A tab on a page of the demo, watched from before its first request. In a context of its own nothing is
 * kept from the tab before.
 * @param options.offline whether the page may keep the site for use without a network
 */
export async function openTab(
  browser: Browser | BrowserContext,
  path: string,
  base = inject('url'),
  { offline = false } = {},
): Promise<{ page: Page; watch: Watch }> {
  const page = await browser.newPage();
  // To keep the whole site is work that the other tests need not wait for.
  if (!offline) await page.evaluateOnNewDocument('delete Navigator.prototype.serviceWorker');
  page.setDefaultTimeout(LONGEST);
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
  /** What moved by itself, as shares of the screen; web.dev calls their sum good up to 0.1. */
  shifts: { at: number; share: number }[];
}

declare global {
  interface Window {
    observed: Observed;
    /** Whether the button that was last aimed at heard of it. */
    pressed?: boolean;
    /** Lets clicks on everything else through again. */
    letGo?: () => void;
  }
}

/** In the page: tasks over 50 ms, how long inputs waited until they were dealt with, and what moved. */
function observeTasks(): void {
  const observed: Observed = { longTasks: [], inputs: [], shifts: [] };
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
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) {
      observed.shifts.push({ at: entry.startTime, share: entry.value });
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

/** What was observed since a time of the page's own clock. */
export async function observedSince(page: Page, since: number): Promise<Observed> {
  const { longTasks, inputs, shifts } = await page.evaluate(() => window.observed);
  return {
    longTasks: longTasks.filter(({ at }) => at >= since),
    inputs: inputs.filter(({ at }) => at >= since),
    shifts: shifts.filter(({ at }) => at >= since),
  };
}

export const text = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => (element as HTMLElement).innerText);

/** How long what a page says may stand still before a wait is given up, in ms. */
const STILL = 120_000;

/**
 * Waits until this holds in the page, for as long as the page goes on: a busy machine is slow, and only a page
 * on which nothing changes any more is stuck.
 */
export async function waitUntil<A extends unknown[]>(
  page: Page,
  holds: EvaluateFunc<A>,
  ...args: A
): Promise<void> {
  let said = '';
  let since = Date.now();
  for (;;) {
    try {
      if (await page.evaluate(holds, ...args)) return;
      const says = await page.evaluate(() => document.body.innerText);
      if (says !== said) since = Date.now();
      said = says;
    } catch (error) {
      // A page that is being loaded anew has nothing to ask.
      if (page.isClosed()) throw error;
    }
    if (Date.now() - since > STILL) {
      throw new Error(`waited for ${String(holds)} (${args.join()}), and the page says:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Waits for words to stand in an element. */
export const waitForText = (page: Page, selector: string, words: RegExp): Promise<void> =>
  waitUntil(
    page,
    (selector, source, flags) =>
      new RegExp(source, flags).test(document.querySelector(selector)?.textContent ?? ''),
    selector,
    words.source,
    words.flags,
  );

/** Waits for an element to be there. */
export const waitForElement = (page: Page, selector: string): Promise<void> =>
  waitUntil(page, (selector) => document.querySelector(selector) !== null, selector);

/** Waits for a button with these words that can be pressed. */
export const waitForButton = (page: Page, words: string): Promise<void> =>
  waitUntil(
    page,
    (words) =>
      [...document.querySelectorAll('button')].some(
        (button) => button.textContent.trim() === words && !button.disabled,
      ),
    words,
  );

/**
 * Clicks as a mouse does, and again where the page moved away meanwhile what was aimed at; what came into its place
 * does not feel the click.
 */
async function aim(
  page: Page,
  what: string,
  find: () => Promise<ElementHandle<Node> | null>,
  options?: ClickOptions,
): Promise<void> {
  const since = Date.now();
  while (Date.now() - since < STILL) {
    const element = (await find()) as ElementHandle<HTMLElement> | null;
    if (!element) continue;
    await element.evaluate((element) => {
      window.pressed = false;
      const guard = (event: Event) => {
        if (element.contains(event.target as Node)) window.pressed ||= event.type === 'click';
        // A label clicks its input too.
        else if (!window.pressed) {
          event.preventDefault();
          event.stopImmediatePropagation();
        }
      };
      const end = new AbortController();
      window.letGo = () => end.abort();
      for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) {
        addEventListener(type, guard, { capture: true, signal: end.signal });
      }
    });
    await element.click(options);
    const hit = await page
      .evaluate(() => {
        window.letGo?.();
        return window.pressed !== false;
      })
      .catch(() => true); // What is pressed may open another page.
    if (hit) return;
  }
  throw new Error(`${what} is covered, or never stands still: no click reaches it`);
}

/** Clicks a button by its words, once it can be pressed. */
export const press = (page: Page, words: string): Promise<void> =>
  aim(page, words, async () => {
    await waitForButton(page, words);
    return page.$(`::-p-xpath(//button[normalize-space()="${words}"][not(@disabled)])`);
  });

/** Clicks the n-th of what a selector names, once it is there. */
export const click = (page: Page, selector: string, n = 0, options?: ClickOptions): Promise<void> =>
  aim(
    page,
    selector,
    async () => {
      await page.waitForSelector(selector);
      return (await page.$$(selector))[n] ?? null;
    },
    options,
  );

/** Types in place of what stands in the n-th field that a selector names. */
export async function fill(page: Page, selector: string, words: string, n = 0): Promise<void> {
  await click(page, selector, n, { count: 3 });
  await page.keyboard.type(words);
}

/** Waits until the page has drawn or read its data. */
export const waitForData = (page: Page, words = /to learn from/): Promise<void> =>
  waitForText(page, '.drop', words);

/** Waits for a step of the training to be shown. */
export const waitForStep = (page: Page, step: number): Promise<void> =>
  waitUntil(
    page,
    (step) =>
      Number(/step(\d+) of/.exec(document.querySelector('.facts')?.textContent ?? '')?.[1]) >= step,
    step,
  );

/** Leaves the tab for another, has it frozen there for two seconds, and comes back. */
export async function freeze(page: Page): Promise<void> {
  const other = await page.browserContext().newPage();
  const tab = await page.createCDPSession();
  await tab.send('Page.setWebLifecycleState', { state: 'frozen' });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await tab.send('Page.setWebLifecycleState', { state: 'active' });
  await tab.detach();
  await page.bringToFront();
  await other.close();
  expect(await page.evaluate(() => document.visibilityState)).toBe('visible');
}

/** Gives files to one of the page's file inputs, found by its label. */
export async function giveFiles(page: Page, label: string, ...paths: string[]): Promise<void> {
  const input = await page.$(`input[type=file][aria-label^="${label}"]`);
  await (input as ElementHandle<HTMLInputElement>).uploadFile(...paths);
}

/** Drops files or folders on an element, as a hand with a mouse does. */
export async function dropFiles(page: Page, selector: string, ...paths: string[]): Promise<void> {
  const element = (await page.$(selector))!;
  await element.scrollIntoView();
  const { x, y } = await element.clickablePoint();
  const session = await page.createCDPSession();
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x, y, data });
  }
  await session.detach();
}

/** Different colours on a canvas: one that was never drawn on has one. */
export const coloursOf = (canvas: ElementHandle<Element>): Promise<number> =>
  canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const pixels = (element as HTMLCanvasElement)
      .getContext('2d')!
      .getImageData(0, 0, width, height);
    return new Set(new Uint32Array(pixels.data.buffer)).size;
  });

/** Pictures of the page on a phone, a laptop and a wide screen, light and dark. */
export async function shots(page: Page, name: string): Promise<void> {
  if (!SHOTS) return;
  const before = page.viewport();
  for (const [size, width, height] of [
    ['phone', 390, 844],
    ['laptop', 1280, 800],
    ['wide', 1920, 1080],
  ] as const) {
    await page.setViewport({ width, height });
    for (const scheme of ['light', 'dark']) {
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await page.evaluate(() => scrollTo(0, 0));
      await new Promise((resolve) => setTimeout(resolve, 500));
      await page.screenshot({ path: join(SHOTS, `${name}-${size}-${scheme}.png`), fullPage: true });
    }
  }
  await page.emulateMediaFeatures([]);
  await page.setViewport(before);
}

/** What IndexedDB keeps of the run. */
export interface Kept {
  step: number;
  training: number[];
  losses: number[];
}

export const keptRun = (page: Page): Promise<Kept | undefined> =>
  page.evaluate(async () => {
    const wait = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error!);
      });
    const database = await wait(indexedDB.open('facegrad-run'));
    if (!database.objectStoreNames.contains('run')) return undefined;
    const run = await wait(database.transaction('run').objectStore('run').get('run'));
    database.close();
    if (!run) return undefined;
    const points: { step: number; loss: number }[] = run.record.log.training;
    return {
      step: run.record.step,
      training: points.map(({ step }) => step),
      losses: points.map(({ loss }) => loss),
    };
  });
