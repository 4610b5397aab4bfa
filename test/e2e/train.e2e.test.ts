import { gzipSync } from 'node:zlib';
import type { Browser, ElementHandle, Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { seriousFindings } from './axe';
import {
  click,
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
import { shots, text, waitForData, waitForElement, waitForStep } from './browser';
import { waitForText, waitUntil, type Watch } from './browser';

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

/** A white pixel of some maps of 12x12, its place on the screen, and what is drawn right of it and below. */
const whitePixel = (maps: ElementHandle<Element>) =>
  maps.evaluate((element) => {
    const canvas = element.querySelector('canvas')!;
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height);
    const at = Array.from({ length: width * height }, (_, i) => i).find(
      // There are 2 pixels between two maps.
      (i) => data[4 * i] === 255 && (i % width) % 14 < 11 && Math.floor(i / width) % 14 < 11,
    )!;
    const { left, top, width: w, height: h } = canvas.getBoundingClientRect();
    const [x, y] = [at % width, Math.floor(at / width)];
    return {
      // A click's place is a whole number, and a pixel little larger.
      place: [Math.ceil(left + (x / width) * w), Math.ceil(top + (y / height) * h)] as const,
      spot: [1 + Math.floor(x / 14) + 8 * Math.floor(y / 14), 1 + (y % 14), 1 + (x % 14)],
      right: data[4 * (at + 1)],
      below: data[4 * (at + width)],
    };
  });

const numbers = (page: Page, selector: string) =>
  page.$$eval(`.taken-apart ${selector}`, (all) =>
    all.map(({ textContent }) => Number(/−?\d+\.\d+/.exec(textContent)![0].replace('−', '-'))),
  );

/** From a pixel of the second block to the products behind it, by mouse and by keys. */
async function checkPixel(page: Page): Promise<void> {
  const [maps] = await page.$$('.features-maps figure:nth-child(3) .pixels');
  await maps.scrollIntoView();
  // The first choice draws the maps anew, of the network as it is now.
  await (maps as ElementHandle<HTMLElement>).focus();
  await page.keyboard.press('Enter');
  await waitForElement(page, '.taken-apart');
  const { place, spot, right, below } = await whitePixel(maps);
  await page.mouse.click(...place);
  const [map, row, column] = spot;
  const total = (list: number[]) => list.reduce((a, b) => a + b, 0);
  const valueAt = async (row: number, column: number) => {
    await waitUntil(
      page,
      (wanted) =>
        [...document.querySelectorAll<HTMLInputElement>('.taken-apart input')]
          .map((input) => input.value)
          .join() === wanted,
      [map, row, column].join(),
    );
    const [value] = await numbers(page, '.value');
    const sums = await numbers(page, '.sums button');
    const products = await numbers(page, '.products b');
    expect(products).toHaveLength(25);
    expect(Math.abs(total(products) - sums[0])).toBeLessThan(0.02);
    // In the map before there are as many.
    expect(sums).toHaveLength(8);
    expect(Math.abs(total(sums) - (await numbers(page, '.sum'))[0])).toBeLessThan(0.01);
    expect(Math.max(...(await numbers(page, '.four button')))).toBe(value);
    return value;
  };
  const white = await valueAt(row, column);
  expect(white).toBeGreaterThan(0);
  const isDrawn = (value: number, grey: number) =>
    expect(Math.abs((255 * value) / white - grey)).toBeLessThan(2);
  await page.keyboard.press('ArrowRight');
  isDrawn(await valueAt(row, column + 1), right);
  await page.keyboard.press('ArrowLeft');
  isDrawn(await valueAt(row, column), 255);
  await page.keyboard.press('ArrowDown');
  isDrawn(await valueAt(row + 1, column), below);
  const [first, second] = await page.$$('.taken-apart .sums button');
  expect(await first.evaluate((button) => button.ariaPressed)).toBe('true');
  await click(page, '.taken-apart .sums button', 1);
  expect(await second.evaluate((button) => button.ariaPressed)).toBe('true');
  const sums = await numbers(page, '.sums button');
  expect(Math.abs(total(await numbers(page, '.products b')) - sums[1])).toBeLessThan(0.02);
  const links = await page.$$eval('.taken-apart a', (all) =>
    all.map((a) => (a as HTMLAnchorElement).href),
  );
  expect(links).toHaveLength(2);
  for (const href of links) expect((await fetch(href)).status, href).toBe(200);
  expect(await seriousFindings(page)).toEqual([]);
  await shots(page, 'train-pixel');
  await press(page, 'Close');
}

/** Waits for 90 % of the held-out faces to be right, or for the end. */
const held90 = (page: Page) =>
  waitUntil(page, () => {
    const said = document.querySelector<HTMLElement>('.train-main')!.innerText;
    const done = /Training is done/.test(document.querySelector('.news')!.textContent);
    return done || Number(/held out, epoch \d+: ([\d.]+) %/.exec(said)?.[1]) >= 90;
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
      await click(page, '.more summary'); // a person plays with the page while it trains
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    const during = await observedSince(page, since);
    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'train-running');
    await freeze(page);
    const rest = await page.evaluate(() => performance.now()); // axe itself takes long

    const known = FULL && held90(page).then(() => (Date.now() - begin) / 1000);
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

    // Its network can be looked into although it has ended.
    await checkPixel(page);
    expect(await seriousFindings(page)).toEqual([]);
    await shots(page, 'train-done');
    expect(watch.foreign).toEqual([]);
    expect(watch.errors).toEqual([]);
    // What a pixel is made of is the only part that comes when it is asked for.
    const later = watch.fetched.slice(fetched);
    expect(later.length).toBeGreaterThan(0);
    expect(later.filter((path) => !path.startsWith('assets/arithmetic-'))).toEqual([]);

    bar('held out, %', accuracy, { least: 90 });
    bar('from the button to a moving curve, s', moving, { most: 6 });
    if (known) bar('from the button to 90 % of held-out faces, s', await known, { most: 90 });
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
