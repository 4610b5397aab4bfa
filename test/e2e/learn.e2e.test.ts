/** The lessons, built and served: checked, stepped through, shared, with and without a GPU. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'puppeteer';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { chromeFlags } from '../../tools/chrome';
import { seriousFindings } from './axe';
import {
  click,
  giveFiles,
  launch,
  openTab,
  press as pressTrain,
  shots,
  text,
  waitForText,
  type Watch,
} from './browser';

const LESSON = 'learn-04-threads-together.html';
let browser: Browser;
let page: Page;
let watch: Watch;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

/** Presses a button of an exercise. */
async function press(id: string, words: string): Promise<void> {
  const button = await page.waitForSelector(
    `::-p-xpath(//*[@id="${id}"]//button[starts-with(normalize-space(), "${words}")][not(@disabled)])`,
  );
  await button!.evaluate((element) => (element as HTMLElement).click());
}

/** Types a line below the first one that has these words. */
async function typeBelow(id: string, words: string, typed: string): Promise<void> {
  await page.waitForSelector(`#${id} .editor >>> .cm-line`);
  for (const line of await page.$$(`#${id} .editor >>> .cm-line`)) {
    if (!(await line.evaluate((element) => element.textContent)).includes(words)) continue;
    await line.evaluate((element) => element.scrollIntoView({ block: 'center' }));
    await line.click();
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    return page.keyboard.type(typed);
  }
  throw new Error(`no line has ${words}`);
}

const verdict = (id: string, words: RegExp) => waitForText(page, `#${id} .verdict`, words);
const opened = (id: string) => page.waitForSelector(`#${id} .grid`);

it('names the race of a missing barrier, and takes the barrier back', async () => {
  ({ page, watch } = await openTab(browser, LESSON));
  await opened('barrier');
  await press('barrier', 'Check');
  await verdict(
    'barrier',
    /race on parts\[\d\]: thread \d of workgroup 0 .*line 29, thread 0 .*line 33/,
  );
  await typeBelow('barrier', 'parts[lane] = sum;', 'workgroupBarrier();');
  await press('barrier', 'Check');
  await verdict('barrier', /Right, in 5 dispatches/);
  await press('barrier', 'Run on the GPU');
  await verdict('barrier', /The GPU agrees/);
  expect(watch.errors).toEqual([]);
  expect(watch.foreign).toEqual([]);
});

it('steps to the barrier and back, and a link restores it', async () => {
  await press('barrier', 'Step through it');
  await press('barrier', 'To the barrier');
  await waitForText(page, '#barrier .debugger', /met at the barrier of line 30/);
  await press('barrier', 'Step thread 0');
  await press('barrier', 'Link');
  await page.waitForFunction(() => location.hash.length > 20);
  const stood = await text(page, '#barrier .debugger');
  const address = await page.evaluate(() => location.href);
  await press('barrier', 'Back');
  await page.waitForFunction(
    (before) => document.querySelector<HTMLElement>('#barrier .debugger')?.innerText !== before,
    {},
    stood,
  );
  const context = await browser.createBrowserContext();
  ({ page, watch } = await openTab(context, address));
  await opened('barrier');
  await page.waitForFunction(
    (before) => document.querySelector<HTMLElement>('#barrier .debugger')?.innerText === before,
    {},
    stood,
  );
  expect(watch.errors).toEqual([]);
});

it('answers an endless loop, and goes on', async () => {
  await typeBelow('tree', '// Yours', 'while (lane < 9u) { sum += 1.0; }');
  const before = Date.now();
  await press('tree', 'Check');
  await verdict('tree', /did not end|did not come to an end/);
  console.log(`an endless loop answered after ${Date.now() - before} ms`);
  await press('tree', 'The solution');
  await press('tree', 'Check');
  await verdict('tree', /Right/);
});

it('is accessible, and looks as it should', async () => {
  expect(await seriousFindings(page)).toEqual([]);
  await shots(page, 'learn-04');
  expect(watch.errors).toEqual([]);
});

it.each([
  ['learn-01-one-thread.html', 'bound'],
  ['learn-08-matrix-products.html', 'coalesced'],
  ['learn-12-the-whole-step.html', 'adam'],
  ['kernel-conv5x5.html', 'write'],
])('%s: checked, stepped through, accessible', async (name, id) => {
  ({ page, watch } = await openTab(browser, name));
  await opened(id);
  await press(id, 'A hint');
  const plain = await page.$$eval('.exercise > p, .hint', (all) => all.map((p) => p.textContent));
  expect(plain.filter((words) => words.includes('`'))).toEqual([]);
  await press(id, 'Check');
  await verdict(id, /Not yet|The numbers are right, but/);
  await press(id, 'The solution');
  await press(id, 'Check');
  await verdict(id, /Right, in \d+ dispatches/);
  await press(id, 'Step through it');
  await press(id, 'Step all');
  await waitForText(page, `#${id} .threads`, /line \d+/);
  if (await page.$('#ladder')) {
    await waitForText(page, '#ladder tbody', /^(?!.*…)/);
    await press('ladder', 'Time all rungs');
    await waitForText(page, '#ladder [role=status]', /Median milliseconds .* on .+\./);
  }
  expect(await seriousFindings(page)).toEqual([]);
  expect(watch.errors).toEqual([]);
  expect(watch.foreign).toEqual([]);
  await shots(page, name.replace('.html', ''));
  await page.setViewport({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await page.close();
});

it('keeps its weight', async () => {
  ({ page } = await openTab(await browser.createBrowserContext(), LESSON));
  await opened('barrier');
  await press('barrier', 'The solution');
  await press('barrier', 'Run on the GPU');
  await verdict('barrier', /The GPU agrees/);
  const scripts = () =>
    performance
      .getEntriesByType('resource')
      .map(({ name }) => name)
      .filter((name) => name.endsWith('.js'));
  const ofPage = await page.evaluate(scripts);
  const ofWorkers = await Promise.all(page.workers().map((worker) => worker.evaluate(scripts)));
  const weigh = async (addresses: string[]) => {
    const sizes = [...new Set(addresses)].map(
      async (address) => gzipSync(await (await fetch(address)).text()).length,
    );
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0) / 1000;
  };
  const reading = await weigh(ofPage.filter((name) => !/editor|worker/.test(name)));
  const all = await weigh([...ofPage, ...ofWorkers.flat()]);
  console.log(`a lesson: ${reading.toFixed(1)} kB of script to read, ${all.toFixed(1)} kB in all`);
  expect(ofWorkers.length).toBe(2);
  expect(reading).toBeLessThan(60);
  expect(all).toBeLessThan(260);
});

it('prints the whole text and the picture, and neither runs out of the paper', async () => {
  ({ page, watch } = await openTab(await browser.createBrowserContext(), LESSON));
  await opened('real');
  await press('real', 'The solution');
  await page.setViewport({ width: 718, height: 1000 }); // what A4 leaves between its margins
  await page.emulateMediaType('print');
  const printed = await page.evaluate(() => {
    const box = document.querySelector('#real')!;
    const [code, grid, editor] = ['.printed', '.grid', '.editor'].map((name) =>
      box.querySelector(name)!.getBoundingClientRect(),
    );
    const inside = [...document.querySelectorAll('.printed, .grid, .rungs')].every(
      (each) =>
        each.scrollWidth <= each.clientWidth + 1 && each.getBoundingClientRect().right < 718,
    );
    const text = box.querySelector('.printed')!.textContent!;
    return { inside, text, code: code.height, grid: grid.height, editor: editor.height };
  });
  expect(printed.inside).toBe(true);
  expect(printed.text).toContain('k += 1u'); // the fault: a solution is not printed
  expect(printed.text.trimEnd().endsWith('}')).toBe(true);
  expect(printed.code).toBeGreaterThan(800);
  expect(printed.grid).toBeGreaterThan(0);
  expect(printed.editor).toBe(0);
  await page.close();
});

it('steps by keys in front of a class, and by Tab the editor can be left', async () => {
  ({ page, watch } = await openTab(await browser.createBrowserContext(), `${LESSON}?class`));
  await opened('barrier');
  await press('barrier', 'Step through it');
  await waitForText(page, '#barrier .at', /line 25/);
  await page.$eval('#barrier .debugger', (debugged) => debugged.scrollIntoView());
  await page.keyboard.press('ArrowRight');
  await waitForText(page, '#barrier .at', /Thread 0, line 26: for/);
  await page.keyboard.press('ArrowLeft');
  await waitForText(page, '#barrier .at', /line 25/);
  expect(await page.$$eval('.neighbours a', (all) => all.map((a) => a.search))).toEqual([
    '?class',
    '?class',
    '?class',
  ]);
  const content = await page.waitForSelector('#barrier .editor >>> .cm-content');
  await content!.focus();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement!.textContent)).toBe('Check');
  expect(watch.errors).toEqual([]);
  await page.close();
});

it('takes progress to another browser', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'facegrad-progress-')), 'progress.json');
  ({ page, watch } = await openTab(await browser.createBrowserContext(), 'learn.html'));
  for (const [content, answer, list] of [
    ['{"texts": 1}', /is not a progress file/, /^3 exercises$/],
    ['{"texts": {}, "solved": {"path/01-one-thread/bound": true}}', /1 solved/, /^1 of 3 solved$/],
  ] as const) {
    writeFileSync(file, content);
    await giveFiles(page, 'Progress', file);
    await waitForText(page, '#prose [role=status]', answer);
    await waitForText(page, '[data-lesson="path/01-one-thread"]', list);
  }
  expect(await seriousFindings(page)).toEqual([]);
  expect(watch.errors).toEqual([]);
  rmSync(dirname(file), { recursive: true });
});

it('teaches without a GPU', async () => {
  const without = await launch(
    ['--disable-gpu', '--disable-features=WebGPUService'],
    chromeFlags().filter((flag) => !/webgpu|vulkan|angle/i.test(flag)),
  );
  ({ page, watch } = await openTab(without, LESSON));
  await opened('barrier');
  await press('barrier', 'Check');
  await verdict('barrier', /race on parts/);
  await press('barrier', 'The solution');
  await press('barrier', 'Check');
  await verdict('barrier', /Right/);
  await press('barrier', 'Run on the GPU');
  await verdict('barrier', /no GPU|not|unavailable/i);
  expect(watch.errors).toEqual([]);
  await without.close();
});

it('can be read before any script, on a phone, and links every page', async () => {
  const tab = await browser.newPage();
  await tab.setJavaScriptEnabled(false);
  await tab.setViewport({ width: 375, height: 812 });
  await tab.goto(new URL('learn.html', page.url()).href);
  const links = await tab.$$eval('#prose a', (all) =>
    all.map((a) => (a as HTMLAnchorElement).href),
  );
  expect(links.length).toBeGreaterThan(35);
  for (const href of links) {
    const response = await tab.goto(href);
    expect(response!.status(), href).toBeLessThan(400); // 304: it was there before
    const prose = await tab.$eval('#prose', (prose) => prose.textContent!);
    expect(prose.length).toBeGreaterThan(300);
    expect(await tab.$eval('html', (page) => page.scrollWidth), href).toBe(375);
    if (href.includes('kernel-')) expect(prose, href).toMatch(/A step of the small preset, \d+ /);
  }
});

it('trains the demo with a kernel from a lesson, beside the file itself', async () => {
  ({ page, watch } = await openTab(browser, 'learn-12-the-whole-step.html'));
  await opened('adam');
  await press('adam', 'The solution');
  // Another text with the same arithmetic.
  await typeBelow('adam', 'const ', 'const UNUSED = 0u;');
  await press('adam', 'Check');
  await verdict('adam', /Right, in/);
  await click(page, '#adam a::-p-text(Train the demo with it)');
  await waitForText(page, '.own-kernel', /Your optimizer\/adam\.wgsl replaces the original/);
  await page.goto(
    new URL('index.html#faces=70&batch=10&epochs=1&streams=edges&fusion=concat', inject('url'))
      .href,
  );
  await page.reload();
  await pressTrain(page, 'Start training');
  await waitForText(page, '.news', /Training is done/);
  expect(await text(page, '.own-kernel')).toMatch(
    /Up to step \d+, the loss matches the original’s to the last bit/,
  );
  expect(await text(page, '.train-main')).toMatch(/original kernel/);
  const replaced = await page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const asked = indexedDB.open('facegrad-weights');
        asked.onsuccess = () => {
          const got = asked.result.transaction('files').objectStore('files').get('latest');
          got.onsuccess = () => {
            const { file } = got.result as { file: Uint8Array };
            resolve(new TextDecoder('latin1').decode(file.subarray(0, 8192)));
          };
        };
      }),
  );
  expect(replaced).toContain('shaders/optimizer/adam.wgsl');
  expect(await seriousFindings(page)).toEqual([]);
  await shots(page, 'train-own-kernel');
  await pressTrain(page, 'Use the original');
  expect(watch.errors).toEqual([]);
  expect(watch.foreign).toEqual([]);
});
