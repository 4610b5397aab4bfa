import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { seriousFindings } from './axe';
import {
  bar,
  coloursOf,
  freeze,
  FULL,
  keptRun,
  launch,
  observedSince,
  openTab,
  press,
} from './browser';
import { shots, text, waitForData, waitForStep, waitForText, type Watch } from './browser';

/** Few faces, learnt by heart in few steps. */
const SHORT = 'faces=70&batch=10&epochs=6&keep=2';

let browser: Browser;
let page: Page;
let watch: Watch;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const open = async (hash: string) => {
  const context = await browser.createBrowserContext();
  ({ page, watch } = await openTab(context, `index.html#${hash}`));
};

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    // What a person would have seen says more than a timeout.
    const seen = await text(page, 'main').catch(String);
    console.log(`${task.name}: ${seen}\n${watch.errors.join('\n')}`);
  }
  await page.browserContext().close();
});

describe('a first training', () => {
  it('learns, shows it, leaves the page free, asks no one else', async () => {
    await open(FULL ? '' : SHORT);
    await waitForData(page);
    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'train-idle');
    const fetched = watch.fetched.length;

    await press(page, 'Start training');
    const begin = Date.now();
    await waitForStep(page, 2);
    const moving = (Date.now() - begin) / 1000;
    const since = await page.evaluate(() => performance.now());
    for (let i = 0; i < 4; i++) {
      await page.click('.more summary'); // a person plays with the page while it trains
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const during = await observedSince(page, since);
    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'train-running');
    await freeze(page);
    const rest = await page.evaluate(() => performance.now()); // axe itself takes long

    await waitForText(page, '.news', /Training is done/);
    const seconds = (Date.now() - begin) / 1000;
    const after = await observedSince(page, rest);
    const accuracy = Number(/([\d.]+) % of the held-out/.exec(await text(page, '.news'))![1]);
    const { losses } = (await keptRun(page))!;
    const mean = (some: number[]) => some.reduce((a, b) => a + b, 0) / some.length;
    // A fast GPU is looked at once an epoch.
    const some = Math.min(6, losses.length >> 1);
    const fall = mean(losses.slice(-some)) / mean(losses.slice(0, some));
    console.log(`loss at ${fall.toFixed(2)} of the first`);
    expect(fall).toBeLessThan(0.95);

    const charts = await page.$$('.chart canvas');
    expect(charts).toHaveLength(2);
    expect(await text(page, '.chart .u-legend')).toMatch(/chance/);
    // A network that guesses is not one to try.
    const guesses = accuracy < 100 / 7 + 8.5;
    expect(await text(page, '.run')).toMatch(
      guesses ? /hardly better than guessing/ : /most often/,
    );
    if (guesses) expect(await text(page, 'main')).not.toMatch(/Try it live/);
    for (const chart of charts) expect(await coloursOf(chart)).toBeGreaterThan(20);
    const pictures = await page.$$('.batch canvas');
    expect(pictures).toHaveLength(4);
    for (const canvas of pictures) expect(await coloursOf(canvas)).toBeGreaterThan(10);
    for (const view of ['.filters canvas', '.features-maps canvas', '.mistakes canvas']) {
      expect(await coloursOf((await page.$(view))!), view).toBeGreaterThan(5);
    }
    const lessons = await page.$$eval('.bars a, .filters a, .features-maps a', (all) =>
      all.map((a) => (a as HTMLAnchorElement).href),
    );
    const kernels = new Set(lessons.map((href) => /kernel-(\w+)\.html$/.exec(href)![1]));
    for (const kernel of ['conv5x5', 'bn_relu_pool', 'optimizer'])
      expect(kernels).toContain(kernel);
    for (const href of new Set(lessons)) expect((await fetch(href)).status, href).toBe(200);
    const cells = await page.$$eval('.matrix td', (all) => all.map((td) => Number(td.textContent)));
    const held = Math.round((FULL ? 2240 : 70) / 4);
    expect(cells).toHaveLength(49);
    expect(cells.reduce((a, b) => a + b, 0)).toBe(held);

    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'train-done');
    expect(watch.foreign).toEqual([]);
    expect(watch.errors).toEqual([]);
    expect(watch.fetched.slice(fetched)).toEqual([]);

    bar('held out, %', accuracy, { least: 90 });
    bar('from the button to a moving curve, s', moving, { most: 6 });
    bar('training, s', seconds, { most: 240 });
    const tasks = [...during.longTasks, ...after.longTasks].map(({ ms }) => ms);
    bar('longest task of the page, ms', Math.max(0, ...tasks), { most: 100 });
    // Inputs that are answered within a frame are not told at all.
    bar('longest wait of an input, ms', Math.max(0, ...during.inputs.map(({ ms }) => ms)), {
      most: 100,
    });
  });

  it('has a strict policy and a light first load', async () => {
    await open('');
    await waitForData(page);
    const scripts = [...new Set(watch.fetched.filter((path) => path.endsWith('.js')))];
    expect(scripts.length).toBeGreaterThan(1);
    const sizes = await Promise.all(
      scripts.map(async (path) => {
        const body = await (await fetch(new URL(path, inject('url')))).arrayBuffer();
        return gzipSync(Buffer.from(body)).length;
      }),
    );
    const bytes = sizes.reduce((a, b) => a + b, 0);
    console.log(`first load: ${(bytes / 1000).toFixed(1)} kB of script, gzip`);
    expect(bytes).toBeLessThan(300_000);
    expect(scripts.filter((path) => /detector|vision/.test(path))).toEqual([]);
    const html = await (await fetch(inject('url'))).text();
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1];
    expect(policy).toContain('default-src &#39;none&#39;');
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval(?<!wasm-unsafe-eval)/);
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
  });
});
