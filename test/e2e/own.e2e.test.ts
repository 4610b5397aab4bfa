import type { Browser, Page } from 'puppeteer';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { launch, openTab, press, text, waitForElement, waitForText, type Watch } from './browser';

let browser: Browser;
let page: Page;
let watch: Watch;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it('the network of docs/own-model.md is trained in the page and reads faces live', async () => {
  const context = await browser.createBrowserContext();
  const own = 'index.html#preset=my-network&faces=70&batch=10&epochs=1';
  ({ page, watch } = await openTab(context, own));
  await waitForText(page, '.networks, main', /my-network[\s\S]*Two convolutions\./);
  await press(page, 'Start training');
  await waitForText(page, '.news', /Training is done/);
  await page.goto(new URL('live.html?weights=trained', inject('url')).href);
  const parameters = 25 * 16 + 4 * 16 + 25 * 16 * 32 + 4 * 32 + 7 * (32 * 12 * 12 + 1);
  await waitForText(
    page,
    '.live-side',
    new RegExp(`${parameters.toLocaleString('en')} parameters`),
  );
  await press(page, 'Drawn faces');
  await waitForElement(page, '.face .bars');
  expect(await text(page, '.face .bars')).toMatch(/happy/);
  expect(watch.errors).toEqual([]);
  expect(watch.foreign).toEqual([]);
  await context.close();
});
