/** The demo in Firefox, on a display that nobody sees. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { launchFirefox } from '../../tools/firefox';
import {
  giveFiles,
  openTab,
  press,
  text,
  waitForData,
  waitForElement,
  waitForText,
} from './browser';
import { writePhoto } from './camera_clip';

const folder = mkdtempSync(join(tmpdir(), 'facegrad-firefox-'));
const photo = join(folder, 'face.jpg');

let browser: Browser;
let page: Page;

beforeAll(async () => {
  await writePhoto(photo, 1);
  browser = await launchFirefox({ display: true });
});
afterAll(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.log(await text(page, 'main').catch(String));
  await page.close();
});

it('trains to the end', async () => {
  ({ page } = await openTab(browser, 'index.html#faces=70&batch=10&epochs=4&keep=2'));
  await waitForData(page);
  await press(page, 'Start training');
  const begin = Date.now();
  await waitForText(page, '.news', /Training is done/);
  console.log(`${((Date.now() - begin) / 1000).toFixed(1)} s; ${await text(page, '.facts')}`);
  expect(await text(page, '.news')).toMatch(/% of the held-out/);
});

it('reads the face of a photo', async () => {
  ({ page } = await openTab(browser, 'live.html'));
  await giveFiles(page, 'Video or photos', photo);
  await waitForElement(page, '.face');
  expect(await page.$$('.face')).toHaveLength(1);
});

it('says where Firefox tells why there is no GPU', async () => {
  const without = await launchFirefox({ preferences: { 'dom.webgpu.enabled': false } });
  try {
    for (const path of ['index.html', 'live.html', 'bench.html']) {
      ({ page } = await openTab(without, path));
      if (path === 'bench.html') await press(page, 'Run the short benchmark');
      await waitForText(page, 'main', /gives this page no GPU.*about:support/);
    }
  } finally {
    await without.close();
  }
});
